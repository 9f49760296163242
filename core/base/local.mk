noinst_LTLIBRARIES += core/base/libbase.la
core_base_libbase_la_SOURCES = \
	core/base/address.c core/base/address.h \
	core/base/buffer.c core/base/buffer.h \
	core/base/clock.c core/base/clock.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/log.c core/base/log.h \
	core/base/paths.c core/base/paths.h \
	core/base/prefix_set.c core/base/prefix_set.h \
	core/base/processor.c core/base/processor.h \
	core/base/secret.c core/base/secret.h \
	core/base/text.c core/base/text.h \
	core/base/trie.c core/base/trie.h \
	core/base/vector.c core/base/vector.h
# Apart, for those that have libmnl.
noinst_LTLIBRARIES += core/base/libnetlink.la
core_base_libnetlink_la_SOURCES = core/base/netlink.c core/base/netlink.h
