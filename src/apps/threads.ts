/**
 * Import this before any call to a disk. Node has four threads for disks and the system's resolver together. A disk that does
 * not answer occupies one for each of record, history, log, configuration and its watch. Then no name would be resolved.
 */
import process from "node:process"

process.env["UV_THREADPOOL_SIZE"] ??= "16"
