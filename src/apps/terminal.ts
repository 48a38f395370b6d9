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

export interface Colours {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly green: (text: string) => string
  readonly red: (text: string) => string
}

/** Colours on a terminal, and none elsewhere or where `NO_COLOR` is set. */
export function colours(stream: { readonly isTTY?: boolean }): Colours {
  const is = stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""
  const code = (on: number, off: number) => (text: string) => is ? `\x1b[${on}m${text}\x1b[${off}m` : text
  return { bold: code(1, 22), dim: code(2, 22), green: code(32, 39), red: code(31, 39) }
}
