dnl Finds strongSwan's headers and libraries, and checks that they belong together. Debian ships no development
dnl package, so the headers come from the source package of the very version that is installed (./setup build
dnl fetches them). strongSwan promises no binary interface: a mismatch would crash, so it is an error here.
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
	AC_SUBST([STRONGSWAN_HEADERS], [$with_strongswan_headers])
	AC_SUBST([CHARON_CPPFLAGS])
	AC_SUBST([CHARON_LIBS])
	TS_STRONGSWAN_VERSION
	TS_STRONGSWAN_LAYOUT
])

dnl The version that the headers say of themselves against that of the installed package. Where either is not to be
dnl had (no configure.ac beside the headers, no dpkg), the layout check alone decides.
AC_DEFUN([TS_STRONGSWAN_VERSION], [
	AC_MSG_CHECKING([for the version of strongSwan])
	ts_sw_headers=$(sed -n 's/^.._INIT(.strongSwan.,.\(@<:@0-9a-z.@:>@*\).*$/\1/p' "$with_strongswan_headers/../configure.ac" 2>/dev/null)
	ts_sw_package=$(dpkg-query -W -f '${source:Upstream-Version}' strongswan-libcharon 2>/dev/null)
	AC_MSG_RESULT([headers ${ts_sw_headers:-unknown}, package ${ts_sw_package:-unknown}])
	AS_IF([test -n "$ts_sw_headers" && test -n "$ts_sw_package" && test "$ts_sw_headers" != "$ts_sw_package"],
		[AC_MSG_ERROR([strongSwan's headers in $with_strongswan_headers are of version $ts_sw_headers, but version $ts_sw_package is installed: give the headers of the installed version, or run ./setup build, which fetches them])])
])

dnl Compiles the run-time check against the headers and runs it with the libraries.
AC_DEFUN([TS_STRONGSWAN_LAYOUT], [
	AC_MSG_CHECKING([whether strongSwan's libraries have the layout of the headers])
	ts_top=$(cd "$srcdir" && pwd)
	ts_save_CPPFLAGS=$CPPFLAGS ts_save_CFLAGS=$CFLAGS ts_save_LIBS=$LIBS
	CPPFLAGS="$CPPFLAGS -D_GNU_SOURCE -include $ts_top/core/ike/strongswan_config.h -isystem $with_strongswan_headers/libstrongswan -isystem $with_strongswan_headers/libcharon -I$ts_top"
	CFLAGS="$CFLAGS $UV_CFLAGS -w"
	LIBS="$CHARON_LIBS $LIBS"
	AC_RUN_IFELSE([AC_LANG_SOURCE([[
		#include <stdio.h>
		#include "core/base/error.c"
		#include "core/ike/layout.c"
		int main(void)
		{
			struct error err = {0};
			bool ok = ike_check_layout(&err) && library_init("", "layout") && libcharon_init() &&
				layout_check_running(&err);
			FILE *out = fopen("conftest.layout", "w");
			if (out && !ok)
				fprintf(out, "%s", err.text[0] ? err.text : "strongSwan's libraries do not start");
			if (out)
				fclose(out);
			return !ok;
		}
	]])],
		[AC_MSG_RESULT([yes])],
		[
			AC_MSG_RESULT([no])
			ts_why=$(cat conftest.layout 2>/dev/null)
			AC_MSG_ERROR([${ts_why:-libcharon and libstrongswan in $with_strongswan_libs can't be used with these headers (config.log has the reason)}])
		],
		[AC_MSG_RESULT([not checked when cross compiling])])
	rm -f conftest.layout
	CPPFLAGS=$ts_save_CPPFLAGS CFLAGS=$ts_save_CFLAGS LIBS=$ts_save_LIBS
])
