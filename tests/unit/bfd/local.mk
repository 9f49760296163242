BFD_LIBS = core/bfd/libbfd.la $(BASE_LIBS) $(UV_LIBS)

UNIT_TESTS += tests/unit/bfd/test_packet tests/unit/bfd/test_machine tests/unit/bfd/test_bfd
tests_unit_bfd_test_packet_SOURCES = tests/unit/bfd/test_packet.c
tests_unit_bfd_test_packet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_bfd_test_packet_LDADD = $(BFD_LIBS) $(CMOCKA_LIBS)
tests_unit_bfd_test_machine_SOURCES = tests/unit/bfd/test_machine.c
tests_unit_bfd_test_machine_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_bfd_test_machine_LDADD = $(BFD_LIBS) $(CMOCKA_LIBS)
tests_unit_bfd_test_bfd_SOURCES = tests/unit/bfd/test_bfd.c
tests_unit_bfd_test_bfd_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_bfd_test_bfd_LDADD = $(BFD_LIBS) $(CMOCKA_LIBS)
