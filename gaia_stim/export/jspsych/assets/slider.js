"use strict";
// A slider without steps. Between two pictures of the line, both are moved to where they meet, and blended, by a shader:
//
//   smooth.js   var smooth: null, or { width, height, grid, keys: [{ at, picture }], moves: [base64], checks: [{ at,
//               picture, mean, largest }] }: pictures as data: addresses, for a page opened from a file may read no file;
//               places in steps of the line; moves as half floats, grid x grid x 4; how far off a true picture may be
//
// Before the session it draws every picture it was given and compares. Where one is not as it should be, or there is no
// WebGL2, the set's own pictures are shown, and the `slider` of each row says so: "smooth" or "steps".
var slider = (function () {
  var MOST_MS = 30000, MEAN_MORE = 0.25, LARGEST_MORE = 2; // processors of graphics round in their own ways
  var canvas = document.createElement("canvas"), gl = null, places = {}, is_smooth = false;

  var VERTEX = "#version 300 es\nvoid main() { gl_Position = vec4(vec2(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1), 0, 1); }";
  // space/inbetween.py has the equation. The cubic convolution is torch's, of Keys (1981) with a = -0.75.
  var FRAGMENT = [
    "#version 300 es",
    "precision highp float;",
    "precision highp sampler2DArray;",
    "uniform sampler2DArray pictures, moves;",
    "uniform ivec2 size;",
    "uniform int key;",
    "uniform float share;",
    "out vec4 colour;",
    "vec4 cubic(float t) {",
    "  vec4 d = vec4(t + 1.0, t, 1.0 - t, 2.0 - t);",
    "  vec2 far = ((-0.75 * d.xw + 3.75) * d.xw - 6.0) * d.xw + 3.0;",
    "  vec2 near = (1.25 * d.yz - 2.25) * d.yz * d.yz + 1.0;",
    "  return vec4(far.x, near, far.y);",
    "}",
    "vec3 seen(int layer, vec2 at) {",
    "  vec2 first = floor(at - 0.5), t = at - 0.5 - first;",
    "  vec4 across = cubic(t.x), down = cubic(t.y);",
    "  vec3 sum = vec3(0);",
    "  for (int y = 0; y < 4; y++) {",
    "    vec3 row = vec3(0);",
    "    for (int x = 0; x < 4; x++) row += across[x] * texelFetch(pictures, ivec3(clamp(ivec2(first) + ivec2(x, y) - 1, ivec2(0), size - 1), layer), 0).rgb;",
    "    sum += down[y] * row;",
    "  }",
    "  return sum;",
    "}",
    "void main() {",
    "  vec2 whole = vec2(size), at = vec2(gl_FragCoord.x, whole.y - gl_FragCoord.y);",
    "  vec4 move = texture(moves, vec3(at / whole, float(key))) * vec4(whole, whole) * 0.5;",
    "  vec3 a = seen(key, at + 2.0 * share * move.xy), b = seen(key + 1, at + 2.0 * (1.0 - share) * move.zw);",
    "  colour = vec4(mix(a, b, share), 1);",
    "}"
  ].join("\n");

  function compiled(kind, source) {
    var shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    return shader;
  }

  function array_of(unit, format, width, height, layers, filter) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, gl.createTexture());
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, format, width, height, layers);
    [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER].forEach(function (which) { gl.texParameteri(gl.TEXTURE_2D_ARRAY, which, filter); });
    [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T].forEach(function (which) { gl.texParameteri(gl.TEXTURE_2D_ARRAY, which, gl.CLAMP_TO_EDGE); });
  }

  function loaded(url) {
    var image = new Image();
    image.src = url;
    return image.decode().then(function () { return image; });
  }

  function half_floats(text) {
    return new Uint16Array(Uint8Array.from(atob(text), function (letter) { return letter.charCodeAt(0); }).buffer);
  }

  function upload(images) {
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    array_of(0, gl.RGBA8, smooth.width, smooth.height, images.length, gl.NEAREST);
    images.forEach(function (image, at) {
      gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, at, smooth.width, smooth.height, 1, gl.RGBA, gl.UNSIGNED_BYTE, image);
    });
    array_of(1, gl.RGBA16F, smooth.grid, smooth.grid, smooth.moves.length, gl.LINEAR);
    smooth.moves.forEach(function (one, at) {
      gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, at, smooth.grid, smooth.grid, 1, gl.RGBA, gl.HALF_FLOAT, half_floats(one));
    });
  }

  function begin(images) {
    Object.assign(canvas, { width: smooth.width, height: smooth.height, className: "picture" });
    gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("no WebGL2");
    canvas.addEventListener("webglcontextlost", function () { is_smooth = false; });
    var program = gl.createProgram();
    gl.attachShader(program, compiled(gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compiled(gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    ["pictures", "moves", "size", "key", "share"].forEach(function (name) { places[name] = gl.getUniformLocation(program, name); });
    gl.uniform1i(places.pictures, 0);
    gl.uniform1i(places.moves, 1);
    gl.uniform2i(places.size, smooth.width, smooth.height);
    gl.viewport(0, 0, smooth.width, smooth.height);
    upload(images);
  }

  // The picture at a place, in steps of the line.
  function draw(at) {
    var key = 0;
    while (key < smooth.keys.length - 2 && at >= smooth.keys[key + 1].at) key++;
    var first = smooth.keys[key].at;
    gl.uniform1i(places.key, key);
    gl.uniform1f(places.share, (at - first) / (smooth.keys[key + 1].at - first));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  function pixels_of(image) {
    var paper = Object.assign(document.createElement("canvas"), { width: smooth.width, height: smooth.height });
    var ink = paper.getContext("2d", { willReadFrequently: true });
    ink.drawImage(image, 0, 0);
    return ink.getImageData(0, 0, smooth.width, smooth.height).data;
  }

  // How far what is drawn is from a picture, in grey levels: [mean, largest].
  function off(at, image) {
    draw(at);
    var width = 4 * smooth.width, found = new Uint8Array(width * smooth.height), sum = 0, largest = 0;
    gl.readPixels(0, 0, smooth.width, smooth.height, gl.RGBA, gl.UNSIGNED_BYTE, found);
    pixels_of(image).forEach(function (value, place) {
      if (place % 4 === 3) return;
      var row = smooth.height - 1 - Math.floor(place / width); // what is read begins at the bottom
      var apart = Math.abs(value - found[row * width + (place % width)]);
      sum += apart;
      largest = Math.max(largest, apart);
    });
    return [sum / (0.75 * found.length), largest];
  }

  // Of each picture that it was given: those that it is drawn from, which have to come out as they are, and the others.
  function compared(images, checked) {
    var all = smooth.keys.map(function (one, at) { return { at: one.at, image: images[at], mean: 0, largest: 0 }; })
      .concat(smooth.checks.map(function (one, at) { return Object.assign({}, one, { image: checked[at] }); }));
    return all.map(function (one) {
      var is = off(one.at, one.image);
      return { at: one.at, mean: is[0], largest: is[1], is_right: is[0] <= one.mean + MEAN_MORE && is[1] <= one.largest + LARGEST_MORE };
    });
  }

  function prepared() {
    var address = function (one) { return loaded(one.picture); };
    return Promise.all([Promise.all(smooth.keys.map(address)), Promise.all(smooth.checks.map(address))]).then(function (both) {
      begin(both[0]);
      self.compared = compared(both[0], both[1]);
      if (gl.getError() !== gl.NO_ERROR) throw new Error("WebGL");
      is_smooth = !gl.isContextLost() && self.compared.every(function (one) { return one.is_right; });
    });
  }

  var late = new Promise(function (resolve) { setTimeout(resolve, MOST_MS); });
  var self = {
    canvas: canvas,
    draw: draw,
    // What the comparison found, place by place; empty without one.
    compared: [],
    // Whether it is smooth for once and all, but for a processor that goes; it never fails.
    ready: null,
    is_smooth: function () { return is_smooth; },
    // HTML for a picture, and after it has come into the page, the picture in its place.
    html: function (at) {
      draw(at);
      queueMicrotask(function () {
        var slot = document.getElementById("slider-picture");
        if (slot) slot.replaceWith(canvas);
      });
      return '<span class="picture" id="slider-picture"></span>';
    }
  };
  var is_over = false;
  self.ready = !smooth ? Promise.resolve() : Promise.race([
    prepared().then(function () { if (is_over) is_smooth = false; }, function (problem) { self.problem = String(problem); is_smooth = false; }),
    late
  ]).then(function () { is_over = true; });
  return self;
})();
