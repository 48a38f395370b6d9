/**
 * What a client of the soak and its server say to each other: one request and one answer, each with a digest of its body, so
 * that a byte that is lost, added, changed or meant for another client is noticed.
 *
 * Head, 32 bytes: the client's number, the length of the body, a third number, a fourth one, and 16 bytes of SHA-256. In a
 * request the third is the length of the wanted answer. In an answer the third is the number of the server's address and the
 * fourth tells whether the request had arrived whole.
 */
import { Buffer } from "node:buffer"
import { createHash, randomBytes } from "node:crypto"

export const HEAD_BYTES = 32
const INTS_BYTES = 16
const DIGEST_BYTES = 16

/** Bodies are slices of this. */
export const MOST_BODY_BYTES = 131_072
const noise = randomBytes(MOST_BODY_BYTES * 2)

export interface Head {
  readonly client: number
  readonly bodyBytes: number
  readonly third: number
  readonly fourth: number
}

/** A message with a body that depends on the client's number. */
export function message({ client, bodyBytes, third, fourth }: Head): Buffer {
  const ints = Buffer.alloc(INTS_BYTES)
  for (const [i, value] of [client, bodyBytes, third, fourth].entries()) ints.writeUInt32BE(value >>> 0, i * 4)
  const body = noise.subarray(client * 97 % MOST_BODY_BYTES).subarray(0, bodyBytes)
  return Buffer.concat([ints, digestOf(ints, body), body])
}

export function headOf(bytes: Buffer): Head {
  const at = (i: number) => bytes.readUInt32BE(i * 4)
  return { client: at(0), bodyBytes: at(1), third: at(2), fourth: at(3) }
}

/** Whether a whole message is what was sent. */
export function isIntact(whole: Buffer): boolean {
  const ints = whole.subarray(0, INTS_BYTES)
  const { bodyBytes } = headOf(whole)
  return whole.length === HEAD_BYTES + bodyBytes
    && digestOf(ints, whole.subarray(HEAD_BYTES)).equals(whole.subarray(INTS_BYTES, HEAD_BYTES))
}

function digestOf(ints: Buffer, body: Buffer): Buffer {
  return createHash("sha256").update(ints).update(body).digest().subarray(0, DIGEST_BYTES)
}

/** Collects a message from the chunks of a stream. */
export class Incoming {
  readonly #chunks: Array<Buffer> = []
  #bytes = 0
  #head: Head | undefined

  get bytes(): number {
    return this.#bytes
  }

  get head(): Head | undefined {
    return this.#head
  }

  /** Whether the message is whole now. Bytes beyond its end count too, so that they are found out. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#head === undefined && this.#bytes >= HEAD_BYTES) this.#head = headOf(this.whole())
    return this.#head !== undefined && this.#bytes >= HEAD_BYTES + this.#head.bodyBytes
  }

  whole(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
