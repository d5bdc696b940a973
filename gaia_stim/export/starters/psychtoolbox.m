function file = experiment(participant, screen)
% EXPERIMENT  Shows each row of stimuli.mat, waits for a key, writes data/PARTICIPANT_TIME.csv.
%
%   experiment('p01') on the screen with the highest number; experiment('p01', 0) on another one.
%   Runs in MATLAB and in Octave with Psychtoolbox 3. It is yours now: what you may want to change stands first.
%   Escape ends it early; every answer is on the disk before the next trial begins. Keys are taken from KbQueue, which
%   has the time of each press; `shown`, `frames` (flips that had the pictures) and `missed` come from Screen('Flip').

if nargin < 1
  participant = 'p01';
end
folder = fileparts(mfilename('fullpath'));
loaded = load(fullfile(folder, 'stimuli.mat'));
stim = loaded.stim;
meta = loaded.meta;

background = 127;      % of 0 to 255
% Times (s), sizes, keys and texts are in meta, as they were asked for when the folder was written.
keys = meta.keys;

% What is shown in each row: an index into stim for each place, NaN where there is none.
if isfield(loaded, 'trials')
  shown = nan(numel(loaded.trials), 4);
  places = 'abcd';
  for p = 1:4
    name = ['index_' places(p)];
    if isfield(loaded.trials, name)
      shown(:, p) = [loaded.trials.(name)]';
    end
  end
  rows = 1:numel(loaded.trials);
  if isfield(loaded.trials, 'participant')
    rows = rows(strcmp({loaded.trials.participant}, participant));
    if isempty(rows)
      error('There is no participant %s in the design.', participant);
    end
  end
else
  shown = (1:numel(stim))';
  rows = randperm(numel(stim));
end
columns = regexp(meta.header, ',', 'split');
extra = setdiff({'participant', 'trial'}, columns);

if ~exist(fullfile(folder, 'data'), 'dir')
  mkdir(fullfile(folder, 'data'));
end
started = datestr(now, 'yyyymmdd_HHMMSS');
file = fullfile(folder, 'data', [participant '_' started '.csv']);
results = fopen(file, 'w', 'n', 'UTF-8');
fprintf(results, '%s', meta.header);
fprintf(results, ',%s', extra{:}, 'response', 'rt', 'shown', 'frames', 'missed', 'device_pixels', 'refresh', 'window', 'program', 'started');
fprintf(results, '\n');

if nargin < 2
  screen = max(Screen('Screens'));
end
KbName('UnifyKeyNames');
window = Screen('OpenWindow', screen, background);
before = Priority(MaxPriority(window));
listen_to([keys, {'space', 'ESCAPE'}]);
try
  area = Screen('Rect', window);
  refresh = Screen('GetFlipInterval', window);
  about = sprintf(',%.2f,%dx%d,Psychtoolbox_%s', 1 / refresh, area(3), area(4), strtok(PsychtoolboxVersion));
  view = struct('window', window, 'centre', area(3:4) / 2, 'smooth', meta.smooth, 'half', refresh / 2, 'grey', background);
  view.textures = zeros(1, numel(stim));
  view.masks = view.textures;
  view.sides = zeros(numel(stim), 2);
  for k = 1:numel(stim)
    if isfield(loaded, 'images')
      picture = loaded.images(:, :, :, k);
    else
      picture = imread(fullfile(folder, stim(k).file));
    end
    view.textures(k) = Screen('MakeTexture', window, picture);
    view.scale = scale_of(meta, picture, screen, area);
    view.sides(k, :) = view.scale * [size(picture, 2), size(picture, 1)];
    if meta.mask > 0
      view.masks(k) = Screen('MakeTexture', window, imread(fullfile(folder, strrep(stim(k).file, 'stimuli/', 'masks/'))));
    end
  end
  view.smooth = meta.smooth || view.scale < 1;
  view.below = view.centre + [0, meta.below * max([view.sides(:, 2); 0])];
  view.above = view.centre - [0, meta.above * max([view.sides(:, 2); 0])];
  stopped = ~agreed(view, meta) || isempty(welcome(view, meta));
  for n = 1:numel(rows) * ~stopped
    row = rows(n);
    seen = shown(row, meta.which);
    stopped = n > 1 && meta.rest(row) && isempty(pause(view, meta));
    if stopped
      break
    end
    message(view, meta.cross, view.centre);
    from = Screen('Flip', window);
    wait = meta.fixation(1) + rand * diff(meta.fixation);
    if strcmp(meta.look, 'adjustment')
      WaitSecs(wait);
      [response, rt, lasted, frames, missed] = adjust(view, meta, seen);
    else
      [response, rt, lasted, frames, missed] = ask(view, meta, seen, shown(row, 1), after(from, wait, view));
    end
    stopped = strcmp(response, 'ESCAPE');
    if stopped
      break
    end
    fprintf(results, '%s', meta.lines{row});
    for k = 1:numel(extra)
      if strcmp(extra{k}, 'participant')
        fprintf(results, ',%s', participant);
      else
        fprintf(results, ',%d', n);
      end
    end
    % With letters first: no spreadsheet mangles it.
    seconds = strrep(sprintf('%.4f', rt), 'NaN', '');
    fprintf(results, ',%s,%s,%.4f,%d,%d,%.4g', response, seconds, lasted, frames, missed, view.scale);
    fprintf(results, '%s,at_%s\n', about, started);
  end
  if ~stopped
    message(view, meta.thanks, view.centre);
    Screen('Flip', window);
    WaitSecs(2);
  end
catch mishap
  finish(results, before);
  rethrow(mishap);
end
finish(results, before);
end

function finish(results, before)
KbQueueRelease;
Priority(before);
Screen('CloseAll');
fclose(results);
end

function scale = scale_of(meta, picture, screen, area)
% Pixels of the screen for each pixel of a picture; for degrees by the screen's width as the system says it (mm). Less
% where a trial would not fit into the screen otherwise, which is said.
scale = meta.scale;
if ~isnan(meta.degrees)
  millimetres = Screen('DisplaySize', screen);
  scale = 2 * meta.distance * tan(meta.degrees * pi / 360) * 10 * area(3) / millimetres / max(size(picture));
end
fits = min(area(3) / (meta.room(1) * size(picture, 2)), (area(4) - meta.margin) / (meta.room(2) * size(picture, 1)));
if fits < scale
  scale = fits;
  if isnan(meta.degrees) && fits >= 1
    scale = floor(fits);  % squares of the screen
  end
  warning('gaia_stim:small', 'A trial does not fit into this screen: pictures are shown smaller (device_pixels).');
  warning('off', 'gaia_stim:small');
end
end

function listen_to(names)
% A queue that the system fills, with the time of each key.
codes = zeros(1, 256);
codes(cellfun(@KbName, names)) = 1;
KbQueueCreate([], codes);
KbQueueStart;
end

function flip = after(from, seconds, view)
% When to flip so that what came at FROM stays so long.
flip = from + seconds - view.half;
end

function yes = agreed(view, meta)
% What has to be agreed to, if anything; Escape says no.
yes = isempty(meta.consent);
if ~yes
  message(view, meta.consent, [view.centre(1), 80]);
  message(view, meta.agree, view.centre .* [1, 2] - [0, 60]);
  yes = ~isempty(go_on(view));
end
end

function key = pause(view, meta)
% A break, of so many seconds at least; '' for Escape.
if meta.pause_seconds > 0
  message(view, meta.pause, view.centre - [0 60]);
  message(view, meta.pause_wait, view.centre);
  Screen('Flip', view.window);
  WaitSecs(meta.pause_seconds);
end
message(view, meta.pause, view.centre - [0 60]);
message(view, meta.go_on, view.centre);
key = go_on(view);
end

function key = go_on(view)
% What was drawn stays until the space bar; '' for Escape.
KbQueueFlush;
key = answer(view, {'space'}, Screen('Flip', view.window, 0, 1), inf);
wipe(view);
end

function key = welcome(view, meta)
% What is to be done, and A and B where they are asked for.
for k = 1:numel(meta.ends)
  place = [1.4 * k - 2.1, 0.7];
  draw(view, view.textures, meta.ends(k), place);
  message(view, meta.captions{k}, view.centre + (place + [0 0.7]) .* view.sides(meta.ends(k), :));
end
line = view.centre - [0, ~isempty(meta.ends) * max([view.sides(:, 2); 0])];
message(view, [meta.instructions, 10, 10, meta.hint, 10, 10, meta.go_on], line - [0 120]);
key = go_on(view);
end

function draw(view, textures, k, place, share)
% A picture so many widths and heights of one from the centre, SHARE times as large; down is positive.
if nargin < 5
  share = 1;
end
middle = view.centre + place .* view.sides(k, :);
half = view.sides(k, :) / 2 * share;
Screen('DrawTexture', view.window, textures(k), [], [middle - half, middle + half], 0, view.smooth);
end

function around(view, meta)
% The keys below the pictures, and above them A and B, half as large, where that was asked for.
message(view, meta.hint, view.below);
message(view, meta.asked, view.above);
if meta.show_ends
  for k = 1:numel(meta.ends)
    draw(view, view.textures, meta.ends(k), [1.4 * k - 2.1, -1.05], 0.5);
    message(view, meta.captions{k}, view.centre + [1.4 * k - 2.1, -0.65] .* view.sides(meta.ends(k), :));
  end
end
end

function wipe(view)
% What was left to be flipped again goes.
Screen('FillRect', view.window, view.grey);
end

function message(view, text, place)
% Lines of a text around a place, from it downwards; the codes of its letters, for Octave knows no others than ASCII's.
if isempty(text)
  return
end
rect = [place(1) - view.centre(1), 0, place(1) + view.centre(1), 2 * view.centre(2)];
DrawFormattedText(view.window, text, 'center', place(2), 0, [], [], [], 1.3, [], rect);
end

function [key, rt, frames] = answer(view, keys, onset, seconds)
% The key and the seconds since ONSET, '' for Escape and 'none' where there was none in so many seconds. What is to be
% seen was left for it by a flip (2nd 1), is flipped again at each frame, and how often it was is counted.
rt = NaN;
key = 'none';
frames = 0;
last = onset;
if seconds <= 0
  return
end
while true
  [pressed, first] = KbQueueCheck;
  if pressed
    codes = find(first);
    [~, order] = sort(first(codes));
    names = cell(1, numel(codes));
    for k = 1:numel(codes)
      names{k} = KbName(codes(order(k)));
    end
    if any(strcmp(names, 'ESCAPE'))
      key = '';
      return
    end
    hit = find(ismember(names, keys), 1);
    if ~isempty(hit)
      key = names{hit};
      rt = first(codes(order(hit))) - onset;
      return
    end
  end
  if last - onset + 3 * view.half >= seconds
    % What follows comes with the next flip; until then keys count.
    if GetSecs - onset >= seconds - view.half - 0.003
      return
    end
    WaitSecs(0.001);
  else
    last = Screen('Flip', view.window, 0, 1);
    frames = frames + 1;
  end
end
end

function [response, rt, lasted, frames, missed] = ask(view, meta, seen, first, flip)
% One trial: the answer, the seconds that it took, for how long and how many flips the pictures were shown, and flips
% that came late.
window = view.window;
late = 0;
if meta.has_first
  draw(view, view.textures, first, [0 0]);
  [from, ~, ~, late] = Screen('Flip', window, flip);
  flip = after(from, meta.first, view);
  if meta.mask > 0
    draw(view, view.masks, first, [0 0]);
    flip = after(Screen('Flip', window, flip), meta.mask, view);
  end
  flip = after(Screen('Flip', window, flip), meta.isi, view);
end
for k = 1:numel(seen)
  draw(view, view.textures, seen(k), meta.places(k, :));
end
around(view, meta);
KbQueueFlush;
[onset, ~, ~, missed] = Screen('Flip', window, flip, 1);
missed = (late > 0) + (missed > 0);
[key, rt, frames] = answer(view, meta.keys, onset, min(meta.duration, meta.timeout));
frames = frames + 1;
wipe(view);
gone = NaN;
if strcmp(key, 'none') && meta.duration < meta.timeout
  if meta.mask > 0
    for k = 1:numel(seen)
      draw(view, view.masks, seen(k), meta.places(k, :));
    end
    around(view, meta);
    gone = Screen('Flip', window, after(onset, meta.duration, view), 1);
    [key, rt] = answer(view, meta.keys, onset, gone - onset + meta.mask);
    wipe(view);
  end
  if strcmp(key, 'none')
    around(view, meta);
    empty = Screen('Flip', window, 0, 1);
    gone = min(gone, empty);
    [key, rt] = answer(view, meta.keys, onset, meta.timeout);
    wipe(view);
  end
end
if isnan(gone)
  gone = Screen('Flip', window);
end
lasted = gone - onset;
if isempty(key)
  response = 'ESCAPE';
elseif strcmp(key, 'none')
  response = '';
else
  response = meta.answers{strcmp(meta.keys, key)};
end
end

function [response, rt, lasted, frames, missed] = adjust(view, meta, seen)
% The keys walk along the continuum, or round it where it is a wheel; the last one takes the picture that is shown.
[places, order] = sort(meta.continuum);
at = find(order == seen(2), 1);
began = NaN;
missed = 0;
frames = 0;
KbQueueFlush;
while true
  draw(view, view.textures, seen(1), meta.places(1, :));
  draw(view, view.textures, order(at), meta.places(2, :));
  around(view, meta);
  onset = Screen('Flip', view.window, 0, 1);
  began = min(began, onset);
  [key, seconds, more] = answer(view, meta.keys, onset, inf);
  frames = frames + 1 + more;
  wipe(view);
  rt = onset + seconds - began;
  lasted = rt;
  if isempty(key)
    response = 'ESCAPE';
    return
  end
  switch meta.answers{strcmp(meta.keys, key)}
    case 'done'
      response = sprintf('%.15g', places(at));
      return
    case 'more'
      at = at + 1;
    otherwise
      at = at - 1;
  end
  if meta.wheel
    at = mod(at - 1, numel(places)) + 1;
  else
    at = min(max(at, 1), numel(places));
  end
end
end
