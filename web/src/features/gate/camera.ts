/**
 * Reading QR codes by camera, where the browser itself can: `BarcodeDetector` (Chrome on Android and macOS, Edge,
 * Samsung).
 */
interface Detector {
    detect(source: HTMLVideoElement): Promise<ReadonlyArray<{ rawValue: string }>>;
}

interface DetectorClass {
    new (options: { formats: string[] }): Detector;
    getSupportedFormats(): Promise<string[]>;
}

const LOOKS_A_SECOND = 8;

function detectorClass(): DetectorClass | undefined {
    return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

/** Whether there is any use in asking for the camera. */
export async function canScan(): Promise<boolean> {
    const found = detectorClass();
    if (found === undefined || navigator.mediaDevices === undefined) return false;
    try {
        return (await found.getSupportedFormats()).includes("qr_code");
    } catch {
        return false;
    }
}

/** Shows the camera in the element and tells each code that comes into view, once until another comes or it is away. */
export async function scanByCamera(
    video: HTMLVideoElement, tell: (text: string) => void, signal: AbortSignal,
): Promise<void> {
    const found = detectorClass();
    if (found === undefined) return;
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    const end = (): void => stream.getTracks().forEach((track) => track.stop());
    if (signal.aborted) {
        end();
        return;
    }
    signal.addEventListener("abort", end);
    video.srcObject = stream;
    await video.play();
    const detector = new found({ formats: ["qr_code"] });
    let last: string | undefined;
    let missed = 0;
    while (!signal.aborted) {
        const [code] = await detector.detect(video).catch(() => []);
        if (code === undefined) {
            missed += 1;
            if (missed > LOOKS_A_SECOND) last = undefined;
        } else {
            missed = 0;
            if (code.rawValue !== last) {
                last = code.rawValue;
                tell(code.rawValue);
            }
        }
        await new Promise((resolve) => setTimeout(resolve, 1000 / LOOKS_A_SECOND));
    }
}
