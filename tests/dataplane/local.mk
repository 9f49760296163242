# What the scripts of tests/dataplane run: a line that can't be trusted, and a peer that can't.
check_PROGRAMS += tests/dataplane/forwarder tests/dataplane/sealer
tests_dataplane_forwarder_SOURCES = tests/dataplane/forwarder.c
tests_dataplane_sealer_SOURCES = tests/dataplane/sealer.c
tests_dataplane_sealer_LDADD = plugins/libuserspace.la $(BASE_LIBS) $(CRYPTO_LIBS)
