// Small comforts; every page does without them.
"use strict";
const errors = document.getElementById("errors");
if (errors) errors.focus();
for (const each of document.querySelectorAll("[data-print]")) {
  each.hidden = false;
  each.addEventListener("click", () => window.print());
}
for (const each of document.querySelectorAll("input[data-all]")) {
  each.parentElement.hidden = false;
  each.addEventListener("change", () => {
    for (const box of document.querySelectorAll(`input[name=${each.dataset.all}]:not(:disabled)`)) box.checked = each.checked;
  });
}
const form = document.querySelector("form[data-scan]");
if (form && "BarcodeDetector" in window && navigator.mediaDevices) {
  const button = document.getElementById("scan");
  const video = document.getElementById("camera");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    video.srcObject = stream;
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      const found = await detector.detect(video);
      if (found.length) {
        stream.getTracks().forEach((track) => track.stop());
        form.elements.redemption_code.value = found[0].rawValue;
        form.submit();
      } else requestAnimationFrame(look);
    };
    look();
  });
}
const live = document.querySelector("[data-live]");
if (live && "EventSource" in window) {
  const source = new EventSource(live.dataset.live);
  let due = null;
  const tell = () => {
    due ??= setTimeout(() => {
      due = null;
      document.body.dispatchEvent(new Event("happened"));
    }, 300);
  };
  for (const topic of ["log-went-back", ...live.dataset.topics.split(" ")]) source.addEventListener(topic, tell);
}
