// Linux interfaces that Swift's Glibc module does not show: functions behind _GNU_SOURCE, variadics and macros.
#ifndef CLINUX_H
#define CLINUX_H
#include <netinet/in.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/// Same layout as struct mmsghdr.
struct hms_mmsghdr {
    struct msghdr header;
    unsigned int length;
};

int hms_accept4(int fd, struct sockaddr *address, socklen_t *length);
int hms_recvmmsg(int fd, struct hms_mmsghdr *messages, unsigned int count);
int hms_sendmmsg(int fd, struct hms_mmsghdr *messages, unsigned int count);
int hms_pipe2_cloexec(int fds[2]);
int hms_fallocate(int fd, off_t offset, off_t length);
/// Gives the file blocks for its first `length` bytes.
int hms_allocate(int fd, off_t length);
/// Asks for `bytes` of receive buffer; returns what the kernel gave, or -1.
int hms_set_receive_buffer(int fd, int bytes);
int hms_enable_drop_count(int fd);
/// Number of datagrams the kernel dropped on this socket so far, as told with `header`, or -1 when it tells nothing.
int64_t hms_drop_count(const struct msghdr *header);
/// Size of the control buffer one message needs for `hms_drop_count`.
unsigned long hms_drop_count_space(void);
int hms_set_thread_name(const char *name);
// The calling thread alone, as Linux counts niceness by thread.
void hms_give_way(void);
/// CRC-32C of `length` bytes, continuing from `crc` (0 to begin). Uses the processor's instruction where it has one.
uint32_t hms_crc32c(uint32_t crc, const void *bytes, unsigned long length);
/// Blocks from `mapped_from` bytes on come from the system and go back to it at once; smaller ones stay in the heap when they
/// are freed, so that per-request buffers do not cost page faults. Each of the heap's `arenas` keeps up to `kept` at its end.
void hms_tune_allocator(int mapped_from, int kept, int arenas);
/// Gives back to the system what the heap holds and nobody uses, where that is more than `slack` bytes. Returns whether it did.
int hms_trim_heap(unsigned long slack);
/// Asks for huge pages where the memory holds whole ones: tables that are looked into at random cost fewer misses so, and
/// memory that is filled for the first time fewer faults.
void hms_prefer_huge_pages(const void *bytes, unsigned long length);
/// Resident memory of this process in bytes, 0 when /proc cannot be read.
uint64_t hms_resident_bytes(void);
/// The part of it that is pages of mapped files, which the system keeps whether or not they are mapped.
uint64_t hms_mapped_bytes(void);
/// Asks the processor for the bytes of a cache line that are read soon. Any address will do.
static inline void hms_prefetch(const void *line) { __builtin_prefetch(line); }
/// Where `needle` begins in `bytes`, or NULL.
const void *hms_find(const void *bytes, unsigned long length, const void *needle, unsigned long needle_length);
/// Sends one datagram to a unix socket; a path that begins with '@' is an abstract name. Returns 0, or -1 with errno.
int hms_notify(const char *path, const char *text, unsigned long length);
int hms_open(const char *path, int flags, unsigned int mode);
int hms_flock_exclusive(int fd);
/// A file in memory, without a name in any directory; gone when it is closed.
int hms_memory_file(const char *name);
/// Starts `path` with standard input from /dev/null and both outputs to `log_fd`, in a process group of its own, with no
/// signal blocked, and with the kernel's promise that it gets SIGTERM when the thread that calls this ends. Returns the
/// process id, or -1 with the errno of the step that failed, exec included.
pid_t hms_spawn(const char *path, char *const argv[], int log_fd);
#endif
