use super::{Entry, Topic, counter, gauge};

pub(super) static TOPIC: Topic = Topic { title: "The process, on Linux", entries: &ENTRIES };

static ENTRIES: [Entry; 10] = [
    counter("process_cpu_seconds_total", "Time on the CPU, in user mode and in the system."),
    gauge("process_start_time_seconds", "When the process started, as Unix time."),
    gauge("process_resident_memory_bytes", "Memory in RAM."),
    gauge("process_virtual_memory_bytes", "Memory mapped."),
    gauge("process_virtual_memory_max_bytes", "How much may be mapped."),
    gauge("process_threads", "Threads."),
    gauge("process_open_fds", "Open files and connections."),
    gauge("process_max_fds", "How many may be open."),
    gauge("os_fd_used", "The same as process_open_fds."),
    gauge("os_fd_limit", "The same as process_max_fds."),
];
