# SPDX-License-Identifier: Apache-2.0

# ESW_TRY_FLAG(FLAG, LANGUAGE, VARIABLE)
# Appends FLAG to VARIABLE when the compiler of LANGUAGE takes it without a word.
AC_DEFUN([ESW_TRY_FLAG], [
    AC_LANG_PUSH([$2])
    AS_VAR_PUSHDEF([cache], [esw_cv_[]_AC_LANG_ABBREV[]_flag_$1])
    AC_CACHE_CHECK([whether $2 compiler accepts $1], [cache], [
        save_flags=$[]_AC_LANG_PREFIX[]FLAGS
        _AC_LANG_PREFIX[]FLAGS="$[]_AC_LANG_PREFIX[]FLAGS -Werror $1"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
                          [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
        _AC_LANG_PREFIX[]FLAGS=$save_flags
    ])
    AS_VAR_IF([cache], [yes], [$3="$$3 $1"])
    AS_VAR_POPDEF([cache])
    AC_LANG_POP([$2])
])

# ESW_CXX20: sets ESW_CXXSTD to what makes the C++ compiler a C++20 one.
AC_DEFUN([ESW_CXX20], [
    AC_CACHE_CHECK([how to make $CXX compile C++20], [esw_cv_cxx20], [
        save_CXXFLAGS=$CXXFLAGS
        CXXFLAGS="$CXXFLAGS -std=c++20"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
            #include <concepts>
            #include <span>
            #if __cplusplus < 202002L
            #error "not C++20"
            #endif
        ]])], [esw_cv_cxx20=-std=c++20], [esw_cv_cxx20=no])
        CXXFLAGS=$save_CXXFLAGS
    ])
    AS_IF([test "x$esw_cv_cxx20" = xno],
          [AC_MSG_ERROR([$CXX does not compile C++20; g++ 12 and clang++ 14 do])])
    AC_SUBST([ESW_CXXSTD], [$esw_cv_cxx20])
])

# ESW_REQUIRE_HEADER(HEADER, DEBIAN-PACKAGE)
AC_DEFUN([ESW_REQUIRE_HEADER], [
    AC_CHECK_HEADER([$1], [], [AC_MSG_ERROR([$1 not found; on Debian: apt-get install $2])])
])

# ESW_WARNINGS: --enable-werror; sets ESW_WARN_CFLAGS, ESW_WARN_CXXFLAGS and, for Open vSwitch's
# headers, which do not survive all of these, ESW_WARN_SHIM_CFLAGS.
AC_DEFUN([ESW_WARNINGS], [
    AC_ARG_ENABLE([werror],
        [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])],
        [], [enable_werror=no])

    ESW_WARN_CFLAGS= ESW_WARN_CXXFLAGS= ESW_WARN_SHIM_CFLAGS=
    m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wformat=2 -Wcast-align -Wundef -Wvla
                          -Wpointer-arith -Wimplicit-fallthrough],
        [ESW_TRY_FLAG(m4_defn([flag]), [C], [ESW_WARN_CFLAGS])
         ESW_TRY_FLAG(m4_defn([flag]), [C++], [ESW_WARN_CXXFLAGS])])
    m4_foreach_w([flag], [-Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wredundant-move
                          -Wsuggest-override],
        [ESW_TRY_FLAG(m4_defn([flag]), [C++], [ESW_WARN_CXXFLAGS])])
    m4_foreach_w([flag], [-Wstrict-prototypes -Wmissing-prototypes],
        [ESW_TRY_FLAG(m4_defn([flag]), [C], [ESW_WARN_CFLAGS])])
    m4_foreach_w([flag], [-Wall -Wextra -Wno-sign-compare -Wno-missing-field-initializers
                          -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes],
        [ESW_TRY_FLAG(m4_defn([flag]), [C], [ESW_WARN_SHIM_CFLAGS])])

    # Only clang has the analysis; a lock error is an error with and without --enable-werror.
    ESW_TRY_FLAG([-Wthread-safety], [C++], [ESW_WARN_CXXFLAGS])
    AS_IF([test "x$esw_cv_cxx_flag__Wthread_safety" = xyes],
          [ESW_WARN_CXXFLAGS="$ESW_WARN_CXXFLAGS -Werror=thread-safety"])

    AS_IF([test "x$enable_werror" = xyes], [
        ESW_WARN_CFLAGS="$ESW_WARN_CFLAGS -Werror"
        ESW_WARN_CXXFLAGS="$ESW_WARN_CXXFLAGS -Werror"
        # g++ 12 finds it in moves of std::variant, where it is not.
        ESW_TRY_FLAG([-Wno-error=maybe-uninitialized], [C++], [ESW_WARN_CXXFLAGS])
        ESW_WARN_SHIM_CFLAGS="$ESW_WARN_SHIM_CFLAGS -Werror"
    ])
    AC_SUBST([ESW_WARN_CFLAGS])
    AC_SUBST([ESW_WARN_CXXFLAGS])
    AC_SUBST([ESW_WARN_SHIM_CFLAGS])
])

# ESW_SANITIZERS: --enable-sanitizers=LIST; sets ESW_SANITIZE_FLAGS, for compiling and linking.
# The library that esw-sim preloads into foreign programs is never built with them.
AC_DEFUN([ESW_SANITIZERS], [
    AC_ARG_ENABLE([sanitizers],
        [AS_HELP_STRING([--enable-sanitizers=LIST],
            [comma-separated: address, undefined, leak, thread (thread goes with undefined only)])],
        [], [enable_sanitizers=no])
    AS_CASE([$enable_sanitizers],
        [no], [],
        [yes], [enable_sanitizers=address,undefined])

    ESW_SANITIZE_FLAGS= esw_san_address=no esw_san_thread=no esw_san_leak=no
    AS_IF([test "x$enable_sanitizers" != xno], [
        for sanitizer in `AS_ECHO(["$enable_sanitizers"]) | tr ',' ' '`; do
            AS_CASE([$sanitizer],
                [address|thread|leak], [AS_VAR_SET([esw_san_$sanitizer], [yes])],
                [undefined], [],
                [AC_MSG_ERROR([--enable-sanitizers: unknown sanitizer '$sanitizer'; expected address, undefined, leak or thread])])
        done
        AS_IF([test "$esw_san_thread" = yes && test "$esw_san_address$esw_san_leak" != nono],
              [AC_MSG_ERROR([--enable-sanitizers: thread cannot be combined with address or leak])])
        ESW_SANITIZE_FLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"

        AC_MSG_CHECKING([whether $CXX links with $ESW_SANITIZE_FLAGS])
        save_CXXFLAGS=$CXXFLAGS
        CXXFLAGS="$CXXFLAGS $ESW_SANITIZE_FLAGS"
        AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])], [
            AC_MSG_RESULT([no])
            AC_MSG_ERROR([--enable-sanitizers=$enable_sanitizers: $CXX does not link with it])
        ])
        CXXFLAGS=$save_CXXFLAGS
    ])
    AC_SUBST([ESW_SANITIZE_FLAGS])
    AM_CONDITIONAL([SANITIZED], [test "x$enable_sanitizers" != xno])
])

# ESW_PRECOMPILED_HEADER: --enable-precompiled-header; sets the conditional PRECOMPILED_HEADER.
AC_DEFUN([ESW_PRECOMPILED_HEADER], [
    AC_ARG_ENABLE([precompiled-header],
        [AS_HELP_STRING([--enable-precompiled-header],
            [read the headers of libraries once, which shortens a build from nothing; clang only])],
        [], [enable_precompiled_header=no])
    AS_IF([test "x$enable_precompiled_header" = xyes], [
        ESW_TRY_FLAG([-fpch-instantiate-templates], [C++], [ESW_PCH_CXXFLAGS])
        AS_IF([test -z "$ESW_PCH_CXXFLAGS"],
              [AC_MSG_ERROR([--enable-precompiled-header: $CXX is not clang, which alone gains by it])])
    ])
    AM_CONDITIONAL([PRECOMPILED_HEADER], [test "x$enable_precompiled_header" = xyes])
])

# ESW_DEBUG_LOCKS: --enable-debug-locks; on by default with sanitizers.
AC_DEFUN([ESW_DEBUG_LOCKS], [
    AC_ARG_ENABLE([debug-locks],
        [AS_HELP_STRING([--enable-debug-locks],
            [abort on a wrong order of locks; for tests (default: with sanitizers)])],
        [], [AS_IF([test "x$enable_sanitizers" != xno],
                   [enable_debug_locks=yes], [enable_debug_locks=no])])
    ESW_LOCK_CPPFLAGS=
    AS_IF([test "x$enable_debug_locks" = xyes], [ESW_LOCK_CPPFLAGS=-DESW_CHECK_LOCKS=1])
    AC_SUBST([ESW_LOCK_CPPFLAGS])
])

# ESW_OVS_SOURCE: --with-ovs-source=PATH; sets OVS_SOURCE and the conditional WITH_OVS.
AC_DEFUN([ESW_OVS_SOURCE], [
    AC_ARG_WITH([ovs-source],
        [AS_HELP_STRING([--with-ovs-source=PATH],
            [Open vSwitch's source, a directory or a tarball; "no" builds without the daemon
             (default: /usr/src/openvswitch/openvswitch.tar.gz)])],
        [], [with_ovs_source=/usr/src/openvswitch/openvswitch.tar.gz])
    AS_CASE([$with_ovs_source],
        [yes], [with_ovs_source=/usr/src/openvswitch/openvswitch.tar.gz])
    AS_IF([test "x$with_ovs_source" != xno && test ! -e "$with_ovs_source"],
          [AC_MSG_ERROR([--with-ovs-source: $with_ovs_source: no such file or directory (on Debian: apt-get install openvswitch-source; --without-ovs-source builds without the daemon)])])
    OVS_SOURCE=
    AS_IF([test "x$with_ovs_source" != xno], [
        AS_CASE([$with_ovs_source],
            [/*], [OVS_SOURCE=$with_ovs_source],
            [OVS_SOURCE=`pwd`/$with_ovs_source])
    ])
    AC_SUBST([OVS_SOURCE])
    AM_CONDITIONAL([WITH_OVS], [test "x$with_ovs_source" != xno])
])
