/**
 * The header of the PROXY protocol, version 1 or 2, that a trusted peer sends before the client's bytes (HAProxy's
 * doc/proxy-protocol.txt). A connection without it is refused: whether a peer sends one is configured, never guessed.
 */
import type { Framed, Stage } from "./framed.ts"
import { framed } from "./framed.ts"
import type { HandshakeOptions, Parser, ProxyHeader, Refusal } from "./Handshake.ts"
import { refusal } from "./Handshake.ts"
import { readV1, sizeOfV1, V1_SIGNATURE } from "./proxyV1.ts"
import { readV2, sizeOfV2, V2_SIGNATURE } from "./proxyV2.ts"

export type ProxyHeaderState = Framed<"header">

export function proxyHeader({ maxBytes }: HandshakeOptions): Parser<ProxyHeaderState, ProxyHeader | Refusal> {
  return framed("header", { header }, maxBytes)
}

const isV1 = (begun: Uint8Array): boolean => begun[0] === V1_SIGNATURE[0]

const header: Stage<"header", ProxyHeader> = {
  sizeOf: (begun) => {
    const signature = isV1(begun) ? V1_SIGNATURE : V2_SIGNATURE
    if (begun.subarray(0, signature.length).some((byte, i) => byte !== signature[i])) {
      return refusal("wrongProtocol", "no PROXY header from a peer that has to send one")
    }
    if (begun.length < signature.length) return begun.length === 0 ? 1 : signature.length
    return isV1(begun) ? sizeOfV1(begun) : sizeOfV2(begun)
  },
  read: (message, { early }) => {
    const found = isV1(message) ? readV1(message) : readV2(message)
    return found._tag === "Refusal" ? found : { ...found, early }
  }
}
