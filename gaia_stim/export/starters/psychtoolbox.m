function file = experiment(participant, screen)
% EXPERIMENT  Shows each row of stimuli.mat, waits for a key, writes data/PARTICIPANT_TIME.csv.
%
%   experiment('p01') on the screen with the highest number; experiment('p01', 0) on another one.
%   Runs in MATLAB and in Octave with Psychtoolbox 3. It is yours now: what you may want to change stands first.
%   Escape ends it early; every answer is on the disk before the next trial begins.

if nargin < 1
  participant = 'p01';
end
folder = fileparts(mfilename('fullpath'));
loaded = load(fullfile(folder, 'stimuli.mat'));
stim = loaded.stim;
meta = loaded.meta;

background = 127;      % of 0 to 255
fixation = 0.5;        % seconds
first = 0.8;           % same-different: the first picture, then nothing, then the second until the answer
gap = 0.4;
scale = meta.scale;    % pixels of the screen for each pixel of a picture
[keys, answers, words] = keys_of(meta);

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
fprintf(results, ',%s', extra{:}, 'response', 'rt', 'started');
fprintf(results, '\n');

if nargin < 2
  screen = max(Screen('Screens'));
end
KbName('UnifyKeyNames');
window = Screen('OpenWindow', screen, background);
try
  area = Screen('Rect', window);
  centre = area(3:4) / 2;
  textures = zeros(1, numel(stim));
  sides = zeros(numel(stim), 2);
  for k = 1:numel(stim)
    if isfield(loaded, 'images')
      picture = loaded.images(:, :, :, k);
    else
      picture = imread(fullfile(folder, stim(k).file));
    end
    textures(k) = Screen('MakeTexture', window, picture);
    sides(k, :) = scale * [size(picture, 2), size(picture, 1)];
  end
  below = min(centre + [0, 1.4 * max([sides(:, 2); 0])], area(3:4) - [0, 40]);
  message(window, meta.question, centre);
  wait_for(window, {'space'});
  for n = 1:numel(rows)
    row = rows(n);
    seen = shown(row, ~isnan(shown(row, :)));
    message(window, '+', centre);
    Screen('Flip', window);
    WaitSecs(fixation);
    if strcmp(meta.task, 'adjustment')
      [response, rt] = adjust(window, textures, sides, centre, below, seen, meta.continuum);
    else
      if strcmp(meta.task, 'same-different')
        draw(window, textures, sides, centre, seen(1), [0 0]);
        Screen('Flip', window);
        WaitSecs(first);
        Screen('Flip', window);
        WaitSecs(gap);
        draw(window, textures, sides, centre, seen(2), [0 0]);
      else
        places = places_of(meta.task, numel(seen));
        for k = 1:numel(seen)
          draw(window, textures, sides, centre, seen(k), places(k, :));
        end
      end
      hint(window, keys, words, below);
      [key, rt] = wait_for(window, keys);
      if isempty(key)
        break
      end
      response = answers{strcmp(keys, key)};
    end
    if isempty(response)
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
    fprintf(results, ',%s,%.4f,at_%s\n', response, rt, started);  % with letters first: no spreadsheet mangles it
  end
catch mishap
  Screen('CloseAll');
  fclose(results);
  rethrow(mishap);
end
Screen('CloseAll');
fclose(results);
end

function [keys, answers, words] = keys_of(meta)
% The keys of a task, the answers they stand for, and what the participant reads for them; without a design the answer
% is the key.
answers = meta.answers;
if ischar(answers)
  answers = {answers};
end
if isempty(answers)
  keys = {'f', 'j'};
  answers = keys;
elseif numel(answers) == 3
  keys = {'1!', '2@', '3#'};
elseif numel(answers) == 2 && strcmp(answers{2}, 'cd')
  keys = {'UpArrow', 'DownArrow'};
else
  keys = {'f', 'j'};
end
switch strjoin(answers, ' ')
  case 'a b'
    words = {'left', 'right'};
    if strcmp(meta.task, 'identification')
      words = {'A', 'B'};
    end
  case 'a b c'
    words = {'left', 'middle', 'right'};
  case 'ab bc'
    words = {'left and middle', 'middle and right'};
  case 'ab cd'
    words = {'upper pair', 'lower pair'};
  otherwise
    words = answers;
end
end

function hint(window, keys, words, place)
% What each key stands for, below the pictures.
names = upper(regexprep(keys, {'(\d).', 'Arrow'}, {'$1', ''}));
parts = [names; words];
message(window, strtrim(sprintf('[%s] %s     ', parts{:})), place);
end

function places = places_of(task, count)
% Where the pictures of a trial lie, in widths and heights of one, from the centre; down is positive.
if strcmp(task, 'abx')
  places = [-0.6 0.6; 0.6 0.6; 0 -0.6];
elseif count == 4
  places = [-0.6 -0.6; 0.6 -0.6; -0.6 0.6; 0.6 0.6];
else
  places = [1.1 * ((1:count)' - (count + 1) / 2), zeros(count, 1)];
end
end

function draw(window, textures, sides, centre, k, place)
% 0: without interpolation, a pixel of a picture is a square of the screen.
middle = centre + place .* sides(k, :);
Screen('DrawTexture', window, textures(k), [], [middle - sides(k, :) / 2, middle + sides(k, :) / 2], 0, 0);
end

function message(window, text, centre)
if isempty(text)
  text = 'Press the space bar.';
end
Screen('DrawText', window, double(text), centre(1) - 5 * numel(text), centre(2), 0);
end

function [key, rt] = wait_for(window, keys)
% Show what was drawn; the key pressed, '' for Escape, and the seconds since it was seen.
KbReleaseWait;
onset = Screen('Flip', window);
while true
  [down, when, codes] = KbCheck;
  if down
    names = KbName(find(codes));
    if ischar(names)
      names = {names};
    end
    rt = when - onset;
    if any(strcmp(names, 'ESCAPE'))
      key = '';
      return
    end
    hit = find(ismember(keys, names), 1);
    if ~isempty(hit)
      key = keys{hit};
      return
    end
  end
  WaitSecs(0.001);
end
end

function [response, rt] = adjust(window, textures, sides, centre, below, seen, places)
% The arrows walk along the continuum, Return takes the picture that is shown.
[places, order] = sort(places);
at = find(order == seen(2), 1);
began = GetSecs;
while true
  draw(window, textures, sides, centre, seen(1), [-0.6 0]);
  draw(window, textures, sides, centre, order(at), [0.6 0]);
  hint(window, {'LeftArrow', 'RightArrow', 'Return'}, {'back', 'on', 'done'}, below);
  key = wait_for(window, {'LeftArrow', 'RightArrow', 'Return'});
  rt = GetSecs - began;
  if isempty(key)
    response = '';
    return
  elseif strcmp(key, 'Return')
    response = sprintf('%.15g', places(at));
    return
  end
  at = min(max(at + 2 * strcmp(key, 'RightArrow') - 1, 1), numel(places));
end
end
