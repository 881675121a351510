/* SPDX-License-Identifier: Apache-2.0 */

/* Preloaded into the switch: while the file $ESW_PACKET_SOCKET_FAULT exists, no packet socket can
 * be opened, and the reason is ENOBUFS. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int
socket(int domain, int type, int protocol)
{
    const char *const fault = getenv("ESW_PACKET_SOCKET_FAULT");
    int (*next)(int, int, int);

    if (domain == AF_PACKET && fault && !access(fault, F_OK)) {
        errno = ENOBUFS;
        return -1;
    }
    *(void **) &next = dlsym(RTLD_NEXT, "socket");
    return next(domain, type, protocol);
}
