using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Vm.List;
using Xunit;

namespace Lumos.Vm.Tests;

public class ListTests
{
    private static readonly JsonObject[] Vms =
    [
        Vm("""{"uuid":"aaaaaaaa-0000-4000-8000-000000000002","brand":"joyent","max_physical_memory":1024,"state":"running","alias":"b","tags":{"role":"web","n":5,"x.y":"z"},"nics":[{"ip":"10.0.0.1","mac":"02:00:00:00:00:0a"},{"ip":"10.0.0.2","mac":"02:00:00:00:00:0b"}]}"""),
        Vm("""{"uuid":"aaaaaaaa-0000-4000-8000-000000000001","brand":"lx","max_physical_memory":256,"state":"stopped","autoboot":false}"""),
        Vm("""{"uuid":"aaaaaaaa-0000-4000-8000-000000000003","brand":"bhyve","ram":256,"max_physical_memory":1536,"state":"running","alias":"A:c"}"""),
    ];

    [Fact]
    public void The_default_table_is_as_SmartOS_prints_it() => Assert.Equal(
        """
        UUID                                  TYPE  RAM      STATE             ALIAS
        aaaaaaaa-0000-4000-8000-000000000001  LX    256      stopped           -
        aaaaaaaa-0000-4000-8000-000000000003  BHYV  256      running           A:c
        aaaaaaaa-0000-4000-8000-000000000002  OS    1024     running           b

        """.ReplaceLineEndings("\n"), Render(VmTable.DefaultColumns, VmTable.DefaultSort));

    [Fact]
    public void Parsable_output_has_no_header_no_dash_and_no_escape() => Assert.Equal(
        "aaaaaaaa-0000-4000-8000-000000000003:A:c\naaaaaaaa-0000-4000-8000-000000000002:b\naaaaaaaa-0000-4000-8000-000000000001:\n",
        Render("uuid,alias", "alias,uuid", parsable: true));

    [Fact]
    public void Sorting_turns_round_with_a_minus_and_false_counts_as_nothing()
    {
        Assert.Equal("1024\n256\n256\n", Render("ram", "-ram,-uuid", parsable: true));
        Assert.Equal("ALIAS       AUTOBOOT\n-           -\n", VmTable.Create("alias,autoboot", "uuid", false, true).Render([VmFields.ForListing(Vms[1])]));
    }

    [Fact]
    public void Elements_and_maps_are_columns() => Assert.Equal(
        "NICS.0.IP             NICS.1.MAC            TAGS.ROLE\n10.0.0.1              02:00:00:00:00:0b     web\n",
        VmTable.Create("nics.0.ip,nics.1.mac,tags.role", "uuid", false, true).Render([Vms[0]]));

    [Theory]
    [InlineData("ram=256", "1,3")]
    [InlineData("type=BHYV", "3")]
    [InlineData("alias=~^a", "3")]
    [InlineData("nics.*.ip=10.0.0.2", "2")]
    [InlineData("nics.*.mac=2:0:0:0:0:b", "2")]
    [InlineData("nics.1.ip=10.0.0.1", "")]
    [InlineData("tags.role=web", "2")]
    [InlineData("tags.n=5", "2")]
    [InlineData("tags.x.y=z", "2")]
    [InlineData("autoboot=false", "1")]
    [InlineData("state=running ram=256", "3")]
    [InlineData("alias=~[bc]$ state=~RUN", "2,3")]
    public void Filters_select(string filters, string numbers)
    {
        var parsed = VmFilter.Parse(filters.Split(' '), "filter");
        var found = Vms.Select(VmFields.ForListing).Where(vm => parsed.All(f => f.Matches(vm))).Select(vm => $"{vm["uuid"]}"[^1]).Order();
        Assert.Equal(numbers, string.Join(',', found));
    }

    [Theory]
    [InlineData("bogus=1", "Invalid filter key: \"bogus\"")]
    [InlineData("nics.*.mtu=1", "Invalid filter key: \"nics.*.mtu\"")]
    [InlineData("running", "\"running\" is not a filter")]
    [InlineData("alias=~(", "is not a regular expression")]
    public void A_wrong_filter_is_named(string word, string says) =>
        Assert.Contains(says, LumosException.Describe(Assert.Throws<LumosException>(() => VmFilter.Parse([word], "filter"))));

    [Theory]
    [InlineData("bogus", "uuid", "invalid order field: bogus")]
    [InlineData("nics.*.ip", "uuid", "Invalid order key: \"nics.*.ip\"")]
    [InlineData("uuid", "-bogus", "invalid sort field: -bogus")]
    public void A_wrong_field_is_named(string columns, string sort, string says) =>
        Assert.Equal(says, Assert.Throws<LumosException>(() => VmTable.Create(columns, sort, false, true)).Message);

    [Fact]
    public void Lookup_prints_uuids_objects_or_nothing()
    {
        using var machine = new TestMachine();
        string one = machine.Create(""", "alias": "one" """), two = machine.Create(""", "alias": "two" """);
        Assert.Equal($"{one}\n{two}\n", machine.Vmadm(null, "lookup", "alias=~o").Out);
        var none = machine.Vmadm(null, "lookup", "alias=three");
        Assert.Equal((0, ""), (none.Status, none.Out));
        Assert.Equal("[]\n", machine.Vmadm(null, "lookup", "-j", "alias=three").Out);
        Assert.Equal($"[\n  {{\n    \"alias\": \"two\"\n  }}\n]\n", machine.Vmadm(null, "lookup", "-j", "-o", "alias", "alias=two").Out);
        Assert.Equal((1, "Requested unique lookup but found 2 results.\n"), (machine.Vmadm(null, "lookup", "-1").Status, machine.Vmadm(null, "lookup", "-1").Error));
        Assert.Equal($"{two}\n", machine.Vmadm(null, "lookup", "-1", "alias=two").Out);
        Assert.Equal("Cannot specify -o without -j\n", machine.Vmadm(null, "lookup", "-o", "alias").Error);
        Assert.Equal($"{one}:running\n", machine.Vmadm(null, "list", "-p", "-o", "uuid,state", "alias=one").Out);
        Assert.Equal("UUID\n", machine.Vmadm(null, "list", "-p", "-h", "-o", "uuid", "alias=zero").Out);
    }

    private static JsonObject Vm(string json) => JsonNode.Parse(json)!.AsObject();

    private static string Render(string columns, string sort, bool parsable = false) =>
        VmTable.Create(columns, sort, parsable, !parsable).Render(Vms.Select(VmFields.ForListing));
}
