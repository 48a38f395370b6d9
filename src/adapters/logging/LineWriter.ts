/**
 * Writes log lines to a file or a standard stream in the background. To take a line never waits and never fails. Lines that the
 * disk does not take in time are lost and counted. A later line reports their number.
 *
 * Each write appends to the file by its name, and makes it, for its owner alone, where it is missing. So a file that was moved
 * away (logrotate) gets a successor with the next line at the latest.
 */
import { Buffer } from "node:buffer"
import { append } from "../file/calls.ts"
import { Disk } from "../file/Disk.ts"
import { writeStandard } from "./writeStandard.ts"

/** A standard stream by its descriptor, or a file by its path. */
export type Target = 1 | 2 | string

export interface LineWriterOptions {
  readonly target: Target
  /** Bytes that may wait for the disk. */
  readonly buffer: number
  /** Time in ms that the disk of a file has for an answer. */
  readonly timeoutMs: number
  /** Called once when lines begin to be lost because the target fails. */
  readonly onFailure: (message: string) => void
  /** The line that reports a number of lost lines. */
  readonly lostLine: (lines: number) => string
}

const RETRY_MS = 1_000

export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #disk: Disk
  #waiting: Array<string> = []
  #waitingBytes = 0
  #lost = 0
  #writing = false
  #failed = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #idle: Array<() => void> = []

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#disk = new Disk(options.timeoutMs)
  }

  /** Takes one line, without its end. */
  take(line: string): void {
    const bytes = Buffer.byteLength(line) + 1
    if (this.#waitingBytes + bytes > this.#options.buffer) {
      this.#lost++
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += bytes
    this.#start()
  }

  /** Checks the name of the file now, and opens a new file if the old one was moved away. */
  reopen(): void {
    this.#start()
  }

  /** Resolves when all lines so far are written, or after `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (!this.#writing && this.#waiting.length === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve))
    await Promise.race([idle, late])
    clearTimeout(timer)
  }

  /** Writes the last lines. */
  async close(withinMs: number): Promise<void> {
    await this.flush(withinMs)
    clearTimeout(this.#retry)
  }

  #start(): void {
    if (this.#writing || this.#retry !== undefined) return
    this.#writing = true
    void this.#drain().then(() => {
      this.#writing = false
      if (this.#waiting.length > 0) return this.#start()
      for (const tell of this.#idle.splice(0)) tell()
    })
  }

  /** Writes all that waits, until the target fails. */
  async #drain(): Promise<void> {
    do {
      let lines: Array<string> = []
      try {
        // An empty write makes the file and shows that it can be written. Until then lines wait.
        await this.#write("")
        lines = this.#waiting
        this.#waiting = []
        this.#waitingBytes = 0
        if (lines.length > 0) await this.#write(`${lines.join("\n")}\n`)
        this.#failed = false
        if (this.#lost > 0) {
          this.#waiting.unshift(this.#options.lostLine(this.#lost))
          this.#lost = 0
        }
      } catch (cause) {
        this.#lost += lines.length
        return this.#rest(cause)
      }
    } while (this.#waiting.length > 0)
  }

  #rest(cause: unknown): void {
    if (!this.#failed) this.#options.onFailure(`log ${this.#options.target}: cannot write: ${codeOf(cause)}; lines are lost`)
    this.#failed = true
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#start()
    }, RETRY_MS)
    this.#retry.unref()
    for (const tell of this.#idle.splice(0)) tell()
  }

  #write(text: string): Promise<void> {
    const { target } = this.#options
    if (typeof target === "number") return writeStandard(target, Buffer.from(text))
    return this.#disk.within(() => append(target, Buffer.from(text)))
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}
