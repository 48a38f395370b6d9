/** Where the clients of a run were sent, in the order in which they came. A record has too many for an object each. */
import { Column } from "./Column.ts"

/** One client. */
export interface Chosen {
  readonly atUs: number
  readonly upstream: string
  /** The address that it was sent to first; -1: none that has a number. */
  readonly address: number
  readonly served: boolean
}

export class Choices {
  #upstreams: Array<string> = []
  #atUs = new Column()
  #addresses = new Column()
  #served = new Column()

  push({ atUs, upstream, address, served }: Chosen): void {
    this.#upstreams.push(upstream)
    this.#atUs.push(atUs)
    this.#addresses.push(address)
    this.#served.push(served ? 1 : 0)
  }

  copy(): Choices {
    const copy = new Choices()
    copy.#upstreams = this.#upstreams.slice()
    copy.#atUs = this.#atUs.copy()
    copy.#addresses = this.#addresses.copy()
    copy.#served = this.#served.copy()
    return copy
  }

  /** Visits the clients of an upstream. */
  each(upstream: string, visit: (atUs: number, address: number, served: boolean) => void): void {
    for (let i = 0; i < this.#upstreams.length; i++) {
      if (this.#upstreams[i] !== upstream) continue
      visit(this.#atUs.at(i) as number, this.#addresses.at(i) as number, this.#served.at(i) === 1)
    }
  }
}
