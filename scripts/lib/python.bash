# Python programs that tests and checks need, from PyPI. Sourced, never run.

# python_tools PACKAGE…: installs what is missing of them into `.local/python` (which `make clean` removes) and puts
# their programs and that Python first on the PATH.
python_tools() {
    local home=$ROOT/.local/python package missing=()
    [[ -x $home/bin/pip ]] || python3 -m venv "$home"
    for package; do
        [[ -e $home/installed/$package ]] || missing+=("$package")
    done
    if ((${#missing[@]})); then
        "$home/bin/pip" install --quiet --disable-pip-version-check "${missing[@]}"
        mkdir -p "$home/installed"
        (cd "$home/installed" && touch -- "${missing[@]}")
    fi
    export PATH=$home/bin:$PATH
}

# python_files PACKAGE…: puts the files of packages, without what they need to run, under `.local/python/files`: for those
# that bring something that is no Python.
python_files() {
    local home=$ROOT/.local/python package
    [[ -x $home/bin/pip ]] || python3 -m venv "$home"
    for package; do
        [[ ! -e $home/files/$package ]] || continue
        "$home/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$home/files/$package.new" "$package"
        mv "$home/files/$package.new" "$home/files/$package"
    done
}
