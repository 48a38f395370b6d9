/**
 * The launcher: `npm start` and `deno task start` run this process as their child, and their scripts say so in the
 * environment. A launcher that dies alone (npm of SIGHUP, any of them by force) can pass nothing on, and what it started would
 * keep its port as an orphan: so this process looks whether its launcher is still its parent. A process that was started
 * directly has no launcher, and outlives whatever started it.
 */
import * as fs from "node:fs"
import process from "node:process"

/** The launcher's process id where its shell can tell it, else any word. */
const VARIABLE = "FAIRLEAD_LAUNCHER"
const LOOK_MS = 500

/** Calls `tell` once the launcher is gone; where there is none, never. */
export function whenLauncherEnds(tell: () => void): void {
  const named = process.env[VARIABLE]
  // What this process starts has this process for a parent.
  delete process.env[VARIABLE]
  if (named === undefined || named === "") return
  const launcher = Number(named) || process.ppid
  const starter = starterOf(launcher)
  const timer = setInterval(() => {
    const lives = process.ppid === launcher && isThere(launcher) && (starter === undefined || parentOf(launcher) === starter)
    if (lives) return
    clearInterval(timer)
    tell()
  }, LOOK_MS)
  timer.unref()
}

/** On Windows the parent's id stays as it was when the parent is gone. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

/**
 * Where Deno was installed by npm, `deno` is a script that starts the launcher and waits: a signal ends it and goes no further.
 * It is found by its command line, where the system has a place to read that; undefined: there is none.
 */
function starterOf(launcher: number): number | undefined {
  const parent = parentOf(launcher)
  const words = parent === undefined ? [] : textOf(`/proc/${parent}/cmdline`).split("\0")
  return words.slice(0, 3).some((word) => /(^|\/)(deno\/bin\.cjs|\.bin\/deno)$/.test(word)) ? parent : undefined
}

function parentOf(pid: number): number | undefined {
  // "pid (name) state parent ...", and a name may hold anything.
  const stat = textOf(`/proc/${pid}/stat`)
  const parent = Number(stat.slice(stat.lastIndexOf(")") + 1).trim().split(" ")[1])
  return Number.isInteger(parent) ? parent : undefined
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8")
  } catch {
    return ""
  }
}
