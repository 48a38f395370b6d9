/** Where an address was listed. */
export type Source = "user-static" | "dns" | "history" | "builtin" | "fallback"
