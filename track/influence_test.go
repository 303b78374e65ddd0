package track

import "testing"

func TestInfluence(t *testing.T) {
	for name, row := range map[string]struct {
		weight    Weight
		condition Condition
		want      Influence
	}{
		"no weight, up":            {Weight{}, Up, Influence{}},
		"no weight, down":          {Weight{}, Down, Influence{Faults: 1}},
		"no weight, unknown":       {Weight{}, Unknown, Influence{Pending: 1, Unknown: 1}},
		"no weight, waived":        {Weight{}, Waived, Influence{Unknown: 1}},
		"no weight, up, reverse":   {Weight{0, true}, Up, Influence{Faults: 1}},
		"no weight, down, reverse": {Weight{0, true}, Down, Influence{}},
		"positive, up":             {Weight{20, false}, Up, Influence{Add: 20}},
		"positive, down":           {Weight{20, false}, Down, Influence{}},
		"positive, unknown":        {Weight{20, false}, Unknown, Influence{Unknown: 1}},
		"negative, up":             {Weight{-20, false}, Up, Influence{}},
		"negative, down":           {Weight{-20, false}, Down, Influence{Add: -20}},
		"positive, up, reverse":    {Weight{20, true}, Up, Influence{Add: -20}},
		"positive, down, reverse":  {Weight{20, true}, Down, Influence{}},
		"negative, up, reverse":    {Weight{-20, true}, Up, Influence{}},
		"negative, down, reverse":  {Weight{-20, true}, Down, Influence{Add: 20}},
	} {
		var got Influence
		if got.Weigh(row.weight, row.condition); got != row.want {
			t.Errorf("%s: %+v, want %+v", name, got, row.want)
		}
	}
}

func TestInfluenceOfFile(t *testing.T) {
	for _, row := range []struct {
		weight Weight
		status int
		want   Influence
	}{
		{Weight{1, false}, 0, Influence{}},
		{Weight{1, false}, 10, Influence{Add: 10}},
		{Weight{-2, false}, 10, Influence{Add: -20}},
		{Weight{2, true}, 10, Influence{Add: -20}},
		{Weight{-2, true}, 10, Influence{Add: 20}},
		{Weight{1, false}, 400, Influence{Add: 253}},
		{Weight{1, false}, -253, Influence{Add: -253}},
		{Weight{1, false}, -254, Influence{Faults: 1}},
		{Weight{1, true}, 254, Influence{Faults: 1}},
		{Weight{}, 0, Influence{}},
		{Weight{}, 1, Influence{Faults: 1}},
		{Weight{0, true}, 0, Influence{Faults: 1}},
		{Weight{0, true}, -1, Influence{}},
	} {
		var got Influence
		if got.WeighStatus(row.weight, row.status); got != row.want {
			t.Errorf("%+v with %d: %+v, want %+v", row.weight, row.status, got, row.want)
		}
	}
}

func TestPriority(t *testing.T) {
	for _, row := range []struct {
		base uint8
		add  int
		want uint8
	}{{100, 0, 100}, {100, 20, 120}, {100, -20, 80}, {100, -99, 1}, {100, -100, 1}, {100, -300, 1}, {100, 154, 254}, {100, 155, 254}, {254, 9, 254}, {255, -20, 255}, {255, 20, 255}} {
		if got := (Influence{Add: row.add}).Priority(row.base); got != row.want {
			t.Errorf("%d and %d are %d, want %d", row.base, row.add, got, row.want)
		}
	}
	if got := (Influence{1, 2, 3, 4}).Plus(Influence{10, 20, 30, 40}); got != (Influence{11, 22, 33, 44}) {
		t.Errorf("together %+v", got)
	}
}
