/**
 * A disk that may keep silent. A call to it cannot be taken back: whoever waited goes on after the limit, and the call stays
 * outstanding until the disk answers. Until then nothing else is asked of it, as each outstanding call keeps a thread of the
 * runtime busy, and there are few.
 */

/** Calls, of all disks, that were not answered yet. */
const outstanding = new Set<object>()

/** Whether there are such calls. The runtime's own end would wait for them. */
export const isWaiting = (): boolean => outstanding.size > 0

/** The disk did not answer in time; `code` says so where others have the system's. */
export class SilentDisk extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export class Disk {
  readonly withinMs: number
  #silent: object | undefined

  constructor(withinMs: number) {
    this.withinMs = withinMs
  }

  /** The answer to a call, its failure, or `SilentDisk`. */
  within<A>(call: () => Promise<A>): Promise<A> {
    if (this.#silent !== undefined) return Promise.reject(new SilentDisk("the disk still does not answer"))
    return new Promise((resolve, reject) => {
      const mark = {}
      outstanding.add(mark)
      const timer = setTimeout(() => {
        this.#silent ??= mark
        reject(new SilentDisk(`no answer from the disk within ${this.withinMs} ms`))
      }, this.withinMs)
      const answered = () => {
        clearTimeout(timer)
        outstanding.delete(mark)
        if (this.#silent === mark) this.#silent = undefined
      }
      call().finally(answered).then(resolve, reject)
    })
  }
}

/** For what may be silent for as long as it likes, such as a terminal that was paused. */
export async function patiently<A>(call: () => Promise<A>): Promise<A> {
  const mark = {}
  outstanding.add(mark)
  try {
    return await call()
  } finally {
    outstanding.delete(mark)
  }
}
