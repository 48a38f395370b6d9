/** What a process holds open, for tests that must leave nothing behind. */
import { readdirSync } from "node:fs"
import process from "node:process"

/** Open sockets and files of this process as the kernel counts them; undefined on other systems than Linux. */
export function descriptors(): number | undefined {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : undefined
}

/** Sockets and timers that keep Node's event loop busy; undefined on Deno, which does not list them. */
export function activeHandles(): number | undefined {
  if ("deno" in process.versions) return undefined
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap" || kind === "Timeout").length
}
