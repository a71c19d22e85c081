/** Browser and system in two words, as far as the text that browsers send tells. */
export function deviceOf(userAgent: string | undefined): string | undefined {
    if (userAgent === undefined) return undefined;
    const browser = /Edg\//.test(userAgent)
        ? "Edge"
        : /OPR\//.test(userAgent) ? "Opera"
        : /Firefox\//.test(userAgent) ? "Firefox"
        : /Chrom(e|ium)\//.test(userAgent) ? "Chrome"
        : /Safari\//.test(userAgent) ? "Safari"
        : undefined;
    const system = /iPhone|iPad/.test(userAgent)
        ? "iOS"
        : /Android/.test(userAgent) ? "Android"
        : /Windows/.test(userAgent) ? "Windows"
        : /Mac OS X/.test(userAgent) ? "macOS"
        : /Linux/.test(userAgent) ? "Linux"
        : undefined;
    const text = [browser, system].filter(Boolean).join(", ");
    return text === "" ? userAgent.slice(0, 60) : text;
}
