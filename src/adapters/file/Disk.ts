/**
 * A disk that may not answer. A call to it cannot be cancelled: the caller goes on after the time limit, and the call stays
 * outstanding until the disk answers. Until then the disk gets no further calls, because each outstanding call occupies one of
 * the runtime's few threads.
 */

/** Calls to any disk that have no answer yet. */
const outstanding = new Set<object>()

/** Whether there are such calls. The runtime would wait for them before it ends. */
export const isWaiting = (): boolean => outstanding.size > 0

/** The disk did not answer in time. Other errors have the system's code in `code`; this one has its own. */
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

  /** Resolves to the answer of the call. Rejects with the call's failure, or with `SilentDisk`. */
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

/** For a call that may take any time, such as a write to a paused terminal. */
export async function withoutLimit<A>(call: () => Promise<A>): Promise<A> {
  const mark = {}
  outstanding.add(mark)
  try {
    return await call()
  } finally {
    outstanding.delete(mark)
  }
}
