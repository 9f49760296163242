dnl Finds strongSwan's headers and libraries. Debian ships no development package, so the headers come from
dnl the source package of the very version that is installed (./setup build fetches them).
AC_DEFUN([TS_STRONGSWAN], [
	AS_IF([test -z "$with_strongswan_headers"], [
		for dir in "$srcdir/build/strongswan/src" "$srcdir/build/strongswan"; do
			AS_IF([test -f "$dir/libcharon/daemon.h"], [with_strongswan_headers=$dir])
		done
	])
	AS_IF([test -f "$with_strongswan_headers/src/libcharon/daemon.h"],
		[with_strongswan_headers=$with_strongswan_headers/src])
	AS_IF([test -f "$with_strongswan_headers/libcharon/daemon.h"], [],
		[AC_MSG_ERROR([strongSwan's headers were not found: give --with-strongswan-headers=DIR, or run ./setup build, which fetches them])])
	with_strongswan_headers=$(cd "$with_strongswan_headers" && pwd)
	CHARON_CPPFLAGS="-include \$(top_srcdir)/core/ike/strongswan_config.h -isystem $with_strongswan_headers/libstrongswan -isystem $with_strongswan_headers/libcharon"
	CHARON_LIBS="-L$with_strongswan_libs -Wl,-rpath,$with_strongswan_libs -lcharon -lstrongswan"
	AC_SUBST([CHARON_CPPFLAGS])
	AC_SUBST([CHARON_LIBS])
])
