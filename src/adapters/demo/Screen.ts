/**
 * The terminal as a region that is redrawn: it writes the changed lines in one piece, on the alternate screen. The terminal
 * gets its former state back however the program ends.
 */
import * as Effect from "effect/Effect"
import process from "node:process"

export interface Size {
  readonly columns: number
  readonly rows: number
}

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
const LEAVE = "\x1b[?25h\x1b[?1049l"
/** A terminal that knows these sequences shows a frame at once. Other terminals ignore them. */
const BEGIN_FRAME = "\x1b[?2026h"
const END_FRAME = "\x1b[?2026l"

export function isTerminal(): boolean {
  return process.stdout.isTTY === true && process.env["TERM"] !== "dumb"
}

export function hasColour(): boolean {
  return isTerminal() && (process.env["NO_COLOR"] ?? "") === ""
}

export function hasUnicode(): boolean {
  if (process.platform === "win32") return true
  const { LC_ALL, LC_CTYPE, LANG } = process.env
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || "")
}

/** undefined: the output is no terminal. */
export function terminalColumns(): number | undefined {
  return isTerminal() ? process.stdout.columns || 80 : undefined
}

/** Resolves when the reader of the output is gone (`| head`). Further output is lost. */
export const outputGone: Effect.Effect<void> = Effect.callback((resume) => {
  process.stdout.on("error", () => resume(Effect.void))
})

/** The text that turns one frame into another. After a change of size that is the whole frame. */
export function difference(before: ReadonlyArray<string> | undefined, after: ReadonlyArray<string>): string {
  let text = before === undefined ? "\x1b[2J" : ""
  const count = Math.max(after.length, before?.length ?? 0)
  for (let i = 0; i < count; i++) {
    const line = after[i] ?? ""
    if (line !== (before?.[i] ?? "")) text += `\x1b[${i + 1};1H${line}\x1b[K`
  }
  return text
}

export class Screen {
  #shown: ReadonlyArray<string> | undefined
  #size: Size = { columns: 0, rows: 0 }

  /** Draws the lines for the present size of the terminal. A terminal that is too slow skips frames. */
  draw(lines: (size: Size) => ReadonlyArray<string>): void {
    if (process.stdout.writableNeedDrain) return
    const size = { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
    if (size.columns !== this.#size.columns || size.rows !== this.#size.rows) this.#shown = undefined
    this.#size = size
    const frame = lines(size).slice(0, size.rows)
    const text = difference(this.#shown, frame)
    this.#shown = frame
    if (text !== "") process.stdout.write(`${BEGIN_FRAME}${text}${END_FRAME}`)
  }
}

export const open = Effect.acquireRelease(
  Effect.sync(() => {
    // An uncaught exception and a second signal end the process without finalizers. This still runs.
    process.once("exit", leave)
    process.stdout.write(ENTER)
    return new Screen()
  }),
  () =>
    Effect.sync(() => {
      process.off("exit", leave)
      leave()
    })
)

function leave(): void {
  process.stdout.write(LEAVE)
}
