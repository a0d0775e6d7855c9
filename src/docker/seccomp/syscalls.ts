/**
 * The system calls that an agent may make, whatever their arguments, on 64-bit Linux. All others are refused, those that
 * the kernel will get one day among them. Missing on purpose, though Docker's own profile has them: `ptrace`,
 * `process_vm_readv` and its like, which look into other processes; `memfd_secret`, whose pages nobody can account for;
 * `modify_ldt`; handles of files; `io_setup`, whose requests the kernel counts for all users together; `sync` and `syncfs`,
 * which write what others have changed.
 */
export const ALLOWED_SYSCALLS = Object.values({
  files: `access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
    fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync flock fstat fstatfs fsync ftruncate
    futimesat getcwd getdents getdents64 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch lchown link linkat
    lseek lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2
    pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile splice
    stat statfs statx symlink symlinkat sync_file_range tee truncate umask unlink unlinkat utime utimensat
    utimes vmsplice write writev`,
  attributes: `fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr
    lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat`,
  memory: `brk cachestat madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mprotect mremap
    mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect`,
  processes: `arch_prctl execve execveat exit exit_group fork get_robust_list getcpu getpgid getpgrp getpid getppid
    getpriority getrandom getrlimit getrusage getsid gettid ioprio_get ioprio_set kill pause pidfd_open
    pidfd_send_signal prctl restart_syscall rseq set_robust_list set_tid_address setpgid setpriority setrlimit setsid
    sysinfo tgkill times tkill uname uretprobe vfork wait4 waitid`,
  scheduling: `sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
    sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler
    sched_yield`,
  // Without capabilities these change nothing; programs that give up rights call them.
  identity: `capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups
    setregid setresgid setresuid setreuid setuid`,
  locks: `futex futex_requeue futex_wait futex_waitv futex_wake`,
  signals: `rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_tgsigqueueinfo sigaltstack signalfd signalfd4`,
  time: `alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create
    timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime`,
  events: `epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll ppoll pselect6
    select`,
  sockets: `accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
    sendmsg sendto shutdown`,
  // Of the container's own IPC namespace.
  messages: `mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd semctl
    semget semop semtimedop shmat shmctl shmdt`,
  // A process that confines itself further.
  confinement: `landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp`,
}).flatMap((names) => names.split(/\s+/));
