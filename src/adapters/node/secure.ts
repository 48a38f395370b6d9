/**
 * TLS of a program over a connected socket. Whatever name is sent in SNI, the certificate has to be valid for the real host: the
 * runtime checks the chain, and the name here is the real one. Then the server's own key is compared with the pins. The caller
 * gets no socket before all that holds, so no byte of the program went to another server.
 */
import type { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import type * as net from "node:net"
import * as tls from "node:tls"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { authoritiesOf, contextOf } from "./authorities.ts"
import { timerWheel } from "./timerWheel.ts"

/** Options of the program's own. They cannot turn a check off. */
export interface OwnTls {
  /** Protocols to offer (ALPN), such as `h2` and `http/1.1`. */
  readonly alpn?: ReadonlyArray<string> | undefined
  /** Authorities in PEM that are trusted instead of those of the configuration or the runtime. */
  readonly ca?: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  /** A certificate and its key in PEM, for servers that ask their clients for one. */
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
}

export interface SecureOptions {
  /** The name in SNI; empty: none is sent. */
  readonly servername: string
  /** The name or address for which the certificate has to be valid. */
  readonly host: string
  /** Digest of the trusted authorities (authorities.ts). */
  readonly ca: string
  readonly pins: ReadonlyArray<string>
  readonly pinsReportOnly: boolean
  readonly timeoutMs: number
  readonly own: OwnTls
}

export interface Secured {
  readonly outcome: "served"
  readonly socket: tls.TLSSocket
  /** The key has none of the pins. */
  readonly unpinned: boolean
}

export interface Refused {
  readonly outcome: "certificate" | "pin" | "handshake" | "timeout"
  /** In words. */
  readonly why: string
}

/** Answers once, unless it is cancelled before. Where the answer is no socket, the connection is closed. */
export function secure(socket: net.Socket, options: SecureOptions, answer: (result: Secured | Refused) => void): Cancel {
  const { servername, host, pins, pinsReportOnly, timeoutMs, own } = options
  let isOver = false
  let secured: tls.TLSSocket | undefined
  /** Why the certificate is not valid for the host, though its chain is. */
  let otherHost: Error | undefined

  const over = () => {
    if (isOver) return false
    isOver = true
    stopTimer()
    return true
  }
  const drop = () => {
    secured?.destroy()
    socket.destroy()
  }
  const refuse = (outcome: Refused["outcome"], why: string) => {
    if (!over()) return
    drop()
    answer({ outcome, why })
  }
  const broken = (error: NodeJS.ErrnoException) => {
    const isCertificate = otherHost !== undefined || isOfCertificate(error)
    refuse(isCertificate ? "certificate" : "handshake", error.message)
  }
  const stopTimer = timerWheel(timeoutMs, () => refuse("timeout", `no handshake within ${timeoutMs} ms`))

  // Listeners stay for good: a late error must not end the process.
  socket.on("error", broken)
  socket.on("close", () => refuse("handshake", "the connection ended"))
  try {
    secured = tls.connect({
      socket,
      servername,
      rejectUnauthorized: true,
      checkServerIdentity: (_name, certificate) => {
        otherHost = tls.checkServerIdentity(host, certificate)
        return otherHost
      },
      ...(own.alpn === undefined ? {} : { ALPNProtocols: [...own.alpn] }),
      secureContext: contextFor(options)
    })
  } catch (cause) {
    // After the call, as everywhere else.
    queueMicrotask(() => refuse("handshake", cause instanceof Error ? cause.message : String(cause)))
    return cancel
  }
  secured.on("error", broken)
  secured.on("close", () => socket.destroy())
  secured.once("secureConnect", () => {
    if (isOver || secured === undefined) return
    const found = pins.length === 0 ? undefined : pinOf(secured)
    const unpinned = pins.length > 0 && (found === undefined || !pins.includes(found))
    if (unpinned && !pinsReportOnly) return refuse("pin", `the server's key is ${found ?? "not readable"}`)
    if (over()) answer({ outcome: "served", socket: secured, unpinned })
  })
  return cancel

  function cancel(): void {
    if (over()) drop()
  }
}

/** The pin of the server's own certificate: the digest of its public key (SPKI). */
function pinOf(socket: tls.TLSSocket): string | undefined {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: "spki", format: "der" })
  return key === undefined ? undefined : `sha256/${createHash("sha256").update(key).digest("base64")}`
}

/** Contexts of the configuration are shared; one of the program's own is made for it. */
function contextFor({ ca, own }: SecureOptions): tls.SecureContext {
  const { cert, key } = own
  if (own.ca === undefined && cert === undefined && key === undefined) {
    const context = contextOf(ca)
    if (context === undefined) throw new Error("the authorities of the configuration are not at hand any more")
    return context
  }
  const authorities = own.ca ?? authoritiesOf(ca)
  return tls.createSecureContext({
    ...(authorities === undefined ? {} : { ca: authorities as Array<string | Buffer> }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key })
  })
}

/** OpenSSL's names of what is wrong with a chain (X509_V_ERR_*), as both runtimes give them. An alert is the server's verdict. */
function isOfCertificate({ code, message }: NodeJS.ErrnoException): boolean {
  if (/^ERR_SSL/.test(code ?? "") || /alert/i.test(message)) return false
  return /CERT|ISSUER|SELF_SIGNED|VERIFY|CRL|HOSTNAME/.test(code ?? "") || /certificate/i.test(message)
}
