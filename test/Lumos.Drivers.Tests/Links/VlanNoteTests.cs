using Lumos.Drivers.Links;
using Xunit;

namespace Lumos.Drivers.Tests.Links;

public sealed class VlanNoteTests
{
    [Fact]
    public void What_is_written_down_of_a_VLAN_is_read_again()
    {
        var note = VlanNote.Empty("br.lan", 77);
        Assert.Equal(("br.lan.77", ""), (note.FileName, note.Text));
        note = note with { Cables = note.Cables.Add("eth0"), Nics = note.Nics.Union(["v2.0", "v10.1"]) };
        var read = VlanNote.Parse(note.FileName, note.Text);
        Assert.Equal(("br.lan", 77, "cable eth0\nnic v10.1\nnic v2.0\n"), (read.Bridge, read.Vlan, read.Text));
        Assert.Equal(note.Text, read.Text);
        Assert.True(read.Nics.Overlaps(["v2.0"]));
        Assert.False(read.Nics.Overlaps(["v2.1", "eth0"]));
    }
}
