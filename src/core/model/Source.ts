/** Sources that can name an address as a candidate. */
export type Source = "user-static" | "dns" | "history" | "builtin" | "fallback"
