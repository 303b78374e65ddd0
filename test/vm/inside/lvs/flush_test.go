package lvs

import (
	"testing"

	"keepalived-go/test/lab"
)

// TestFlush starts and stops over services of somebody else: they stay, unless
// lvs_flush and lvs_flush_on_stop say otherwise.
func TestFlush(t *testing.T) {
	for _, row := range []struct {
		name, global string
		args         []string
		running, end []string
	}{
		{"nothing asked for", "", nil, []string{foreign, foreign53}, []string{foreign, foreign53}},
		{"lvs_flush", "lvs_flush", nil, nil, nil},
		{"lvs_flush_on_stop", "lvs_flush_on_stop", nil, []string{foreign, foreign53}, nil},
		{"lvs_flush_on_stop VS", "lvs_flush_on_stop VS", nil, []string{foreign, foreign53}, []string{foreign, foreign53}},
		{"-I", "", []string{"-I"}, []string{foreign, foreign53}, []string{wrrService, server11, server12, foreign, foreign53}},
		{"-I with lvs_flush_on_stop", "lvs_flush_on_stop", []string{"-I"}, []string{foreign, foreign53},
			[]string{wrrService, server11, server12, foreign, foreign53}},
	} {
		for _, program := range []lab.Program{ours, peer} {
			t.Run(row.name+"/"+program.Name, func(t *testing.T) {
				t.Parallel()
				f := newFarm(t, 2)
				f.ipvsadm(foreign)
				f.ipvsadm(foreign53)
				d, err := f.director.Keepalived(program, "global_defs {\n"+row.global+"\n}\n"+twoServers, row.args...)
				f.must(err)
				f.daemons = append(f.daemons, d)
				f.await(append([]string{wrrService, server11, server12}, row.running...)...)
				_, err = d.WaitLine(f.patience(), 0, "Startup complete")
				f.must(err)
				status, _, err := d.Stop(f.patience())
				if err != nil || status != 0 {
					t.Errorf("status %d, %v", status, err)
				}
				f.await(row.end...)
			})
		}
	}
}
