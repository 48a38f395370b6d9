/**
 * The launcher: `npm start` and `deno task start` run this process as their child, and their scripts say so in the environment.
 *
 * A launcher that dies alone cannot pass a signal on (npm dies so of SIGHUP, and any launcher of SIGKILL). This process would
 * stay behind and keep its port. So it checks whether its launcher is still its parent. A process that was started directly has
 * no launcher, and outlives its parent.
 */
import * as fs from "node:fs"
import process from "node:process"

/** The process id of the launcher, where its shell can give it, else any word. */
const VARIABLE = "FAIRLEAD_LAUNCHER"
const LOOK_MS = 500

/** What the user typed to start this process, as far as it is known. */
export const launchedBy: "npm" | "deno" | "none" = launcherIn(process.env)

function launcherIn(environment: NodeJS.ProcessEnv) {
  const named = environment[VARIABLE] ?? ""
  return named === "" ? "none" : named === "deno" ? "deno" : "npm"
}

/** Calls `tell` once the launcher is gone. Never, where there is none. */
export function whenLauncherEnds(tell: () => void): void {
  const named = process.env[VARIABLE]
  // A child of this process has this process as its parent.
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

/** On Windows a process keeps its parent's id when the parent is gone. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

/**
 * Where npm installed Deno, `deno` is a script that starts the launcher and waits; a signal ends the script and goes no
 * further. This finds the script by its command line, where the system shows it; undefined: there is none.
 */
function starterOf(launcher: number): number | undefined {
  const parent = parentOf(launcher)
  const words = parent === undefined ? [] : textOf(`/proc/${parent}/cmdline`).split("\0")
  return words.slice(0, 3).some((word) => /(^|\/)(deno\/bin\.cjs|\.bin\/deno)$/.test(word)) ? parent : undefined
}

function parentOf(pid: number): number | undefined {
  // "pid (name) state parent ...": the name may contain any character.
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
