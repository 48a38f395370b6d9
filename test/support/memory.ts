/** Memory in use without garbage: on both runtimes a test can start a collection by V8's flags. */
import process from "node:process"
import v8 from "node:v8"
import vm from "node:vm"

v8.setFlagsFromString("--expose-gc")
const collect = vm.runInNewContext("gc") as () => void

/** Bytes reachable from JavaScript, buffers outside the heap included. */
export function liveBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
