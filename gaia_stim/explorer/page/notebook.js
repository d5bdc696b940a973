// The page of `gaia-stim explore` in a cell of a notebook: the same page in a frame, whose questions go to the kernel
// with the notebook's own messages. No server, no port, no token: who can run the notebook has all this already.

export default {
  render({ model, el }) {
    const frame = document.createElement("iframe");
    frame.title = "gaia-stim explore";
    Object.assign(frame.style, { width: "100%", height: `${model.get("height")}px`, border: "0" });
    const waiting = new Map();
    const socket = { readyState: 1, send: (text) => model.send({ picture: text }) };
    let asked = 0;
    frame.link = {
      async fetch(path, { method = "GET", body = "" } = {}) {
        const id = ++asked, content = await new Response(body).arrayBuffer();
        const answered = new Promise((answer) => waiting.set(id, answer));
        model.send({ id, path, method }, undefined, [new DataView(content)]);
        return answered;
      },
      socket() {
        setTimeout(() => socket.onopen());
        return socket;
      },
    };
    const hear = (told, buffers) => {
      if (told.id !== undefined) {
        waiting.get(told.id)?.(new Response(buffers[0], { status: told.status, headers: { "Content-Type": told.type } }));
        waiting.delete(told.id);
      } else socket.onmessage({ data: told.text ?? whole(buffers[0]) });
    };
    model.on("msg:custom", hear);
    frame.srcdoc = model.get("page");
    el.append(frame);
    return () => model.off("msg:custom", hear);
  },
};

/** The bytes alone: a buffer of a message may be a view of a larger one. */
const whole = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
