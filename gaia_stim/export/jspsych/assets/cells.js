"use strict";
// How text stands in the cells of the results, so that no program takes it for anything else: gaia_stim/cells.py's rule,
// letter by letter (tests compare the two). `inert` is its `guarded`.
var inert = (function () {
  var VALUES = ["na", "n/a", "nan", "nat", "none", "null", "true", "false", "yes", "no", "inf", "infinity"];
  var SHAPES = [
    /^[1-9][0-9]?[A-Za-z]{3,}$/, // 2afc
    /^[0-9]+([_-][A-Za-z0-9_-]*)?\.(bmp|gif|jpe?g|png|tiff?|webp)$/i,
    /^\.{0,2}\/[\p{L}\p{Nl}\p{No}][^]*$/u
  ];
  var MONTHS = new RegExp("^(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?" +
    "|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|[ap]m?)+$");
  var ACTED_UPON = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|[\\{}[\]]|_(?=x[0-9A-Fa-f]{4}_)/u;

  function may_be_a_date(text) {
    var letters = text.toLowerCase().replace(/[^a-z]/g, "");
    var numbers = (text.match(/[0-9]+/g) || []).map(Number);
    if (letters) return numbers.length > 0 && letters.length > 2 && MONTHS.test(letters);
    return numbers.length > 2 || (numbers.length === 2 && !numbers.every(function (one) { return one >= 1 && one <= 31; }));
  }

  function is_plain(text) {
    return (/^\p{L}/u.test(text) || SHAPES.some(function (shape) { return shape.test(text); })) && text === text.trim() &&
      !text.includes('"') && !VALUES.includes(text.toLowerCase()) && !may_be_a_date(text) && !ACTED_UPON.test(text);
  }

  function escaped(mark) {
    var code = mark.codePointAt(0), digits = code.toString(16).toUpperCase();
    return code < 0x100 ? "%" + digits.padStart(2, "0") : code < 0x10000 ? "%u" + digits.padStart(4, "0") : "%U" + digits.padStart(8, "0");
  }

  return function (value) {
    var text = String(value);
    if (text === "" || is_plain(text)) return text;
    var safe = text.replace(/%/g, "%25").replace(new RegExp(ACTED_UPON.source, "gu"), escaped);
    return "'" + (may_be_a_date(safe) ? "%text:" : "") + safe;
  };
})();
