/** The warm sockets of the toy shell. */
import type { WarmLoss, WarmLost } from "../../src/core/model/Event.ts"

export interface ToyWarmSocket {
  readonly warm: number
  readonly candidate: number
  readonly host: string
  readonly sinceUs: number
}

export class ToyWarmPool {
  #all: Array<ToyWarmSocket> = []

  get size(): number {
    return this.#all.length
  }

  countOf(candidate: number): number {
    return this.#all.filter((one) => one.candidate === candidate).length
  }

  of(host: string): ReadonlyArray<ToyWarmSocket> {
    return this.#all.filter((one) => one.host === host)
  }

  park(parked: ToyWarmSocket): void {
    this.#all.push(parked)
  }

  /** Takes the oldest warm socket of the candidate. */
  take(candidate: number): ToyWarmSocket | undefined {
    const parked = this.#all.find((one) => one.candidate === candidate)
    this.#all = this.#all.filter((other) => other !== parked)
    return parked
  }

  oldest(candidate: number, count: number): ReadonlyArray<ToyWarmSocket> {
    return this.#all.filter((one) => one.candidate === candidate).slice(0, count)
  }

  /** The event of an unused socket that is lost; undefined when it was lost before. */
  lose(parked: ToyWarmSocket, reason: WarmLoss, atUs: number): WarmLost | undefined {
    if (!this.#all.includes(parked)) return undefined
    this.#all = this.#all.filter((other) => other !== parked)
    const { warm, candidate, sinceUs } = parked
    return { _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs: atUs - sinceUs }
  }

  clear(): void {
    this.#all = []
  }
}
