/**
 * To be imported before anything asks the disk. Node has four threads for the disk and for the system's resolver together; a silent
 * disk keeps one for each of record, history, log, configuration and its watch, and then no name would be resolved.
 */
import process from "node:process"

process.env["UV_THREADPOOL_SIZE"] ??= "16"
