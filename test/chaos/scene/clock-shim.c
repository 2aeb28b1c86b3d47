/* The machine's clock, shifted by the µs in a file, for the one process that loads this first. Monotonic time stays as it is. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *offset;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("CLOCK_OFFSET_FILE");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *at = mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  if (at != MAP_FAILED) offset = at;
  close(file);
}

int clock_gettime(clockid_t id, struct timespec *ts) {
  /* The kernel itself is asked: looking up the function we stand before may call it again. */
  int wrong = (int)syscall(SYS_clock_gettime, id, ts);
  if (wrong || !offset || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return wrong;
  long long ns = ts->tv_nsec + *offset % 1000000 * 1000;
  ts->tv_sec += *offset / 1000000;
  while (ns < 0) ns += 1000000000, ts->tv_sec--;
  while (ns >= 1000000000) ns -= 1000000000, ts->tv_sec++;
  ts->tv_nsec = (long)ns;
  return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
  struct timespec ts;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &ts)) return -1;
  tv->tv_sec = ts.tv_sec;
  tv->tv_usec = ts.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *at) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  if (at) *at = ts.tv_sec;
  return ts.tv_sec;
}
