/** Runs parsers of handshakes over bytes that come in pieces, and writes what came of it in one form for all splits. */
import type { Outcome, Parser } from "../../src/ingress/Handshake.ts"
import { joined } from "../../src/ingress/Held.ts"

export interface Ended {
  /** The result without its bytes and functions; `More` if there is none yet. */
  readonly result: Readonly<Record<string, unknown>>
  /** All that the client was sent. */
  readonly replies: string
  /** What goes on to the upstream, the pieces after the result included. */
  readonly early: string
  readonly largest: number
}

export const hex = (bytes: Uint8Array): string => bytes.toHex()
export const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""))
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0))
export const bytes = (...parts: ReadonlyArray<string | number | Uint8Array | ReadonlyArray<number>>): Uint8Array =>
  joined(parts.map((part) => {
    if (typeof part === "string") return ascii(part)
    return typeof part === "number" ? Uint8Array.of(part) : Uint8Array.from(part)
  }))

interface Result {
  readonly _tag: string
  readonly reply?: Uint8Array
  readonly early?: Uint8Array
}

/** Each piece is overwritten after it was fed, as a socket's buffer may be. */
export function run<S>(parser: Parser<S, Result>, pieces: ReadonlyArray<Uint8Array>): Ended {
  let state = parser.initial
  const replies: Array<Uint8Array> = []
  let largest = 0
  for (const [i, piece] of pieces.entries()) {
    const lent = piece.slice()
    const outcome: Outcome<S, Result> = parser.feed(state, lent)
    if (outcome.reply !== undefined) replies.push(outcome.reply.slice())
    if (!isMore(outcome)) {
      const { _tag, reply: _, early = new Uint8Array(0), answers: __, ...rest } = outcome as Result & { answers?: unknown }
      const all = joined([early, ..._tag === "Refusal" ? [] : pieces.slice(i + 1)])
      return { result: { _tag, ...rest }, replies: hex(joined(replies)), early: hex(all), largest }
    }
    lent.fill(0xaa)
    state = outcome.state
    largest = Math.max(largest, heldIn(state))
  }
  return { result: { _tag: "More" }, replies: hex(joined(replies)), early: "", largest }
}

function isMore<S>(outcome: Outcome<S, Result>): outcome is Extract<Outcome<S, Result>, { readonly _tag: "More" }> {
  return outcome._tag === "More"
}

/** The size of the store that a state holds. */
function heldIn(state: unknown): number {
  return (state as { readonly held: { readonly store: { readonly bytes: Uint8Array } } }).held.store.bytes.length
}

export const whole = <S>(parser: Parser<S, Result>, all: Uint8Array): Ended => run(parser, [all])

/** Cut at the given places, which may repeat: then a piece is empty. */
export function pieces(all: Uint8Array, cuts: ReadonlyArray<number>): ReadonlyArray<Uint8Array> {
  const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).toSorted((a, b) => a - b), all.length]
  return at.slice(1).map((to, i) => all.subarray(at[i], to))
}

export const oneByOne = (all: Uint8Array): ReadonlyArray<Uint8Array> => [...all].map((byte) => Uint8Array.of(byte))
