/** Output for people alone: a progress line on a terminal, nothing in a pipe. */
import process from "node:process"

export interface ProgressLine {
  readonly show: (text: string) => void
  readonly clear: () => void
}

const EVERY_MS = 100

/** A line on stderr that is overwritten, at most ten times a second. */
export function progressLine(what: string): ProgressLine {
  if (process.stderr.isTTY !== true) return { show: () => {}, clear: () => {} }
  let shownAtMs = -EVERY_MS
  return {
    show(text) {
      const nowMs = performance.now()
      if (nowMs - shownAtMs < EVERY_MS) return
      shownAtMs = nowMs
      process.stderr.write(`\r\x1b[2K${what}: ${text}`)
    },
    clear: () => void process.stderr.write("\r\x1b[2K")
  }
}
