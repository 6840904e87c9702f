use crate::metrics::page::Page;
use crate::metrics::process::Process;

pub(super) fn collect(page: &mut Page) {
    let process = Process::read();
    for (name, value) in [
        ("process_cpu_seconds_total", process.cpu_seconds),
        ("process_start_time_seconds", process.start_seconds),
        ("process_resident_memory_bytes", process.resident_bytes),
        ("process_virtual_memory_bytes", process.virtual_bytes),
        ("process_virtual_memory_max_bytes", process.max_virtual_bytes),
        ("process_threads", process.threads),
        ("process_open_fds", process.open_fds),
        ("process_max_fds", process.max_fds),
        ("os_fd_used", process.open_fds),
        ("os_fd_limit", process.max_fds),
    ] {
        page.value_if_known(name, value);
    }
}
