/**
 * Parsers of messages that come one after another, and tell by their first bytes how long they are. The bytes of one message are kept
 * until it is whole; bytes behind the last one are never copied. Every decision is made on a beginning, and the bytes themselves
 * determine how long that is, so it does not matter how they were split.
 */
import type { More, Parser, Refusal } from "./Handshake.ts"
import { more, refusal } from "./Handshake.ts"
import type { Held } from "./Held.ts"
import { append, bytesOf, joined, NOTHING_HELD } from "./Held.ts"

export interface Framed<Name extends string> {
  readonly stage: Name
  readonly held: Held
  /** The least size of this message, as far as it is known; nothing is decided before so much is there. */
  readonly size: number
  /** Bytes of the messages before this one. */
  readonly spent: number
}

/** One kind of message. */
export interface Stage<Name extends string, Result> {
  /**
   * The least size that a message with this beginning has. The message is whole when that is the size of the beginning itself.
   * Called with nothing, then with as many bytes as the last call returned.
   */
  readonly sizeOf: (begun: Uint8Array) => number | Refusal
  readonly read: (message: Uint8Array, after: After) => Next<Name> | Result | Refusal
}

export interface After {
  /** Replies to earlier messages that came in the same bytes. */
  readonly replies: Uint8Array
  readonly early: Uint8Array
}

export interface Next<Name extends string> {
  readonly _tag: "Next"
  readonly stage: Name
  readonly reply: Uint8Array
}

export const next = <Name extends string>(stage: Name, reply: Uint8Array): Next<Name> => ({ _tag: "Next", stage, reply })

interface Tagged {
  readonly _tag: string
}

export function framed<Name extends string, Result extends Tagged>(
  first: Name,
  stages: Readonly<Record<Name, Stage<Name, Result>>>,
  maxBytes: number,
  tooLong: Refusal = refusal("tooLong", "the handshake is longer than handshake.maxBytes")
): Parser<Framed<Name>, Result | Refusal> {
  const feed = (state: Framed<Name>, bytes: Uint8Array): More<Framed<Name>> | Result | Refusal => {
    let { stage, held, size, spent } = state
    let at = 0
    let replies: Uint8Array = new Uint8Array(0)
    const refused = (end: Refusal): Refusal => ({ ...end, reply: joined([replies, end.reply]) })
    for (;;) {
      const end = Math.min(bytes.length, at + size - held.length)
      held = append(held, bytes.subarray(at, end), maxBytes)
      at = end
      if (held.length < size) return more({ stage, held, size, spent }, replies)
      const least = stages[stage].sizeOf(bytesOf(held))
      if (typeof least !== "number") return refused(least)
      if (spent + least > maxBytes) return refused(tooLong)
      size = least
      if (size > held.length) continue
      const found = stages[stage].read(bytesOf(held), { replies, early: bytes.subarray(at) })
      if (isRefusal(found)) return refused(found)
      if (!isNext(found)) return found
      spent += held.length
      held = NOTHING_HELD
      size = 0
      stage = found.stage
      replies = joined([replies, found.reply])
    }
  }
  return { initial: { stage: first, held: NOTHING_HELD, size: 0, spent: 0 }, feed }
}

function isRefusal(found: Tagged): found is Refusal {
  return found._tag === "Refusal"
}

function isNext<Name extends string>(found: Tagged): found is Next<Name> {
  return found._tag === "Next"
}
