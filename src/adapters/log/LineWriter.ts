/**
 * Log lines to a file or a standard stream, behind the caller's back: taking a line never waits and never fails. What the
 * disk does not take in time is lost and counted, and a line says so once there is room again.
 *
 * A file is opened to append and made for its owner alone. Before each write its name is looked up again, so a file that was
 * moved away (logrotate) gets a successor by itself, at the latest with the next line.
 */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"

/** A standard stream by its descriptor, or a file by its path. */
export type Target = 1 | 2 | string

export interface LineWriterOptions {
  readonly target: Target
  /** Bytes that may wait for the disk. */
  readonly buffer: number
  /** Told once when lines begin to be lost because the target fails. */
  readonly onFailure: (message: string) => void
  /** The line that tells how many were lost. */
  readonly lostLine: (lines: number) => string
}

const RETRY_MS = 1_000
/** A standard stream that somebody else made non-blocking is full for a moment. */
const AGAIN_MS = 10

export class LineWriter {
  readonly #options: LineWriterOptions
  #waiting: Array<string> = []
  #waitingBytes = 0
  #lost = 0
  #fd: number | undefined
  #writing = false
  #failed = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #idle: Array<() => void> = []

  constructor(options: LineWriterOptions) {
    this.#options = options
    if (typeof options.target === "number") this.#fd = options.target
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

  /** Looks at the file's name now, and opens a new one if it was moved away. */
  reopen(): void {
    this.#start()
  }

  /** When everything taken so far is written, or given up after `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (!this.#writing && this.#waiting.length === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve))
    await Promise.race([idle, late])
    clearTimeout(timer)
  }

  /** The last lines, then the file. */
  async close(withinMs: number): Promise<void> {
    await this.flush(withinMs)
    clearTimeout(this.#retry)
    if (!this.#writing) this.#letGo()
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

  /** Writes what waits until nothing does or the target fails. */
  async #drain(): Promise<void> {
    do {
      let lines: Array<string> = []
      try {
        const fd = await this.#open()
        lines = this.#waiting
        this.#waiting = []
        this.#waitingBytes = 0
        if (lines.length > 0) await writeAll(fd, Buffer.from(`${lines.join("\n")}\n`))
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
    this.#letGo()
    if (!this.#failed) this.#options.onFailure(`log ${this.#options.target}: cannot write: ${codeOf(cause)}; lines are lost`)
    this.#failed = true
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#start()
    }, RETRY_MS)
    this.#retry.unref()
    for (const tell of this.#idle.splice(0)) tell()
  }

  /** The open file, a new one when its name leads to another one by now. */
  async #open(): Promise<number> {
    const { target } = this.#options
    if (typeof target === "number") return target
    if (this.#fd !== undefined && !(await leadsTo(target, this.#fd))) this.#letGo()
    this.#fd ??= await open(target)
    return this.#fd
  }

  #letGo(): void {
    const fd = this.#fd
    if (fd === undefined || typeof this.#options.target === "number") return
    this.#fd = undefined
    fs.close(fd, () => {})
  }
}

function open(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, "a", 0o600, (error, fd) => error === null ? resolve(fd) : reject(error))
  })
}

function leadsTo(path: string, fd: number): Promise<boolean> {
  return new Promise((resolve) => {
    fs.fstat(fd, (failed, opened) => {
      if (failed !== null) return resolve(false)
      fs.stat(path, (gone, named) => resolve(gone === null && named.ino === opened.ino && named.dev === opened.dev))
    })
  })
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const from = written
    written += await new Promise<number>((resolve, reject) => {
      fs.write(fd, bytes, from, bytes.length - from, null, (error, count) => {
        if (error === null || error === undefined) return resolve(count)
        if (error.code !== "EAGAIN") return reject(error)
        setTimeout(() => resolve(0), AGAIN_MS)
      })
    })
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}
