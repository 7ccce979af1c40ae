#!/usr/bin/env bash
# How `default`, `accurate` and the twins were trained, every command of it:
#
#     bash assets/models/make.sh PREPARED PHOTOGRAPHS.csv OUT [--set …]
#
# PREPARED is by `fertrain prepare fer2013.csv`, PHOTOGRAPHS.csv by tests/benchmarks/photographs.py. Runs that OUT
# has already are not made again. Further settings go to every run: with `--set data.limit=300 --set optim.epochs=1
# --set optim.batch_size=32` it shows in minutes that all of it works. In earnest it takes a quarter of an hour of an
# H100 and some hours of two CPU cores. `dacl` and `compact` are older: see ../MEASURED.md.
#
# Teachers answered together then, each for all pictures; now each answers its share, so last digits differ.
set -euo pipefail
data=$1 photographs=$2 out=$3
shift 3
further=("$@")
mkdir -p "$out"
also=(--set "data.also=[\"$photographs\"]")

run() { # NAME RECIPE ARGUMENTS…
  local name=$1 recipe=$2
  shift 2
  if ! compgen -G "$out/*-$name/checkpoints/best.safetensors" >/dev/null; then
    fertrain train --data "$data" --runs "$out" --name "$name" --recipe "$recipe" "$@" "${further[@]}"
  fi
}

best() { # NAME: the file of its best epoch
  compgen -G "$out/*-$1/checkpoints/best.safetensors" | tail -n 1
}

mean() { # NAME FILES…
  local file="$out/$1.safetensors" models=()
  shift
  for model in "$@"; do models+=(--model "$model"); done
  [ -f "$file" ] || fertrain average --data "$data" --out "$file" "${models[@]}"
}

taught_by() { # FILES…: two settings
  local list
  list=$(printf "'%s'," "$@")
  printf '%s\n' --set objective.distill.weight=2 --set "objective.distill.teachers=[$list]"
}

# 1. Teachers: 66.87, 67.40 and 67.15 % on val
for seed in 0 1 2; do
  run "teacher-$seed" accurate-teacher "${also[@]}" --set "run.seed=$seed"
done
git show daaac4f^:assets/models/default.safetensors >"$out/former.safetensors" # 70.10 %, not symmetric
mapfile -t five < <(taught_by "$(best teacher-0)" "$(best teacher-1)" "$(best teacher-2)" "$out/former.safetensors" dacl)

# 2. Students, by what the five answer: 70.16 and 68.43 %
run student accurate-student "${also[@]}" --set run.seed=3 --init "$(best teacher-1)" "${five[@]}"
run default-student default-student "${also[@]}" "${five[@]}"

# 3. `accurate`: last epochs, on pictures nearly as they are, and means
accurate=(--set data.crop_size=54 --set data.input_size=50
  --set 'model.options={widths=[96,192,384],blocks=[3,3,2],symmetric=true}')
seen=(--set optim.learning_rate=0.02 --set augment.rotation=10 --set augment.scale=0.15 --set augment.stretch=0.08
  --set augment.shift=0.06 --set augment.erase=0.2 --set augment.noise=0.04 --set augment.mixup=0.1)
run T accurate "${also[@]}" --init "$(best student)"                                        # 70.21 %
run U trio/ce "${accurate[@]}" --init "$(best student)" --set optim.epochs=6                 # 70.86 %
mean TS "$(best T)" "$(best student)"                                                       # 70.44 %
mean TSU "$out/TS.safetensors" "$(best U)"
run V accurate "${also[@]}" --init "$out/TSU.safetensors" --set run.seed=4 --set optim.epochs=4 "${seen[@]}" # 70.63 %
mean accurate "$(best V)" "$(best U)" "$out/TS.safetensors"                                 # 71.11 %

# 4. `default`, likewise
light=(--set optim.epochs=7 --set optim.learning_rate=0.03 --set augment.rotation=8 --set augment.gamma=0.2
  --set augment.noise=0.01 --set augment.blur=0.05 --set augment.erase=0.15)
mapfile -t two < <(taught_by "$(best student)" dacl)
run A default "${also[@]}" --init "$(best default-student)"                                  # 69.07 %
run B default-student "${also[@]}" --init "$(best default-student)" "${two[@]}" --set optim.epochs=6 \
  --set optim.batch_size=128 --set optim.learning_rate=0.02 --set optim.warmup=0.1 --set augment.mixup=0 \
  --set augment.contrast=0 --set data.votes_share=0.2                                       # 69.04 %
run C trio/ce --init "$(best default-student)" "${light[@]}"                                 # 70.16 %
run P trio/pal --init "$(best default-student)" "${light[@]}"                                # 70.30 %
mean ACPS "$(best A)" "$(best C)" "$(best P)" "$(best default-student)"
run R default "${also[@]}" --init "$out/ACPS.safetensors" --set run.seed=1 --set optim.epochs=4 \
  --set optim.learning_rate=0.025 --set augment.noise=0.03 --set augment.brightness=0.1 --set augment.mixup=0.1 # 69.71 %
mean M "$(best R)" "$(best B)" "$(best P)"
run G default "${also[@]}" --init "$out/M.safetensors" --set run.seed=4 --set optim.epochs=4 "${seen[@]}" # 69.66 %
mean default "$(best G)" "$out/M.safetensors"                                               # 70.13 %

# 5. The twins, from the `default` that ships: 69.38, 69.52 and, since the maps were corrected, 69.80 %
for twin in ce pal au; do
  run "twin-$twin" "trio/$twin" "${also[@]}"
done
