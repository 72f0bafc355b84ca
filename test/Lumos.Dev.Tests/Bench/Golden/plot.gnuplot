$data << END
measure lumos incus
create 55 190
list 2.1875 212
END
set terminal svg size 1100,520 font 'sans-serif,13' background '#ffffff'
set title 'median, ms (logarithmic; less is better), commit 1a2b3c4'
set style data histograms
set style histogram clustered gap 1
set style fill solid 1 noborder
set boxwidth 0.9
set logscale y
set yrange [0.5:*]
set grid y lc '#dddddd'
set key outside right top
set xtics rotate by -35 nomirror scale 0
set border 3 lc '#888888'
plot $data using 2:xtic(1) title 'lumos' lc rgb '#0072B2', $data using 3:xtic(1) title 'incus' lc rgb '#E69F00'
