using System.Text.Json.Nodes;
using Xunit;

namespace Lumos.SystemTests;

[Collection("02 images")]
public sealed class ImageTests(Suite suite) : LiveTest(suite)
{
    [Theory]
    [InlineData("lumos-base", "zone-dataset")]
    [InlineData("debian-13", "lx-dataset")]
    public void An_image_is_offered_imported_and_listed(string name, string type)
    {
        var uuid = Suite.ImageUuid(name);
        Zone.UseImageSource(Suite.ImageUrl);
        Assert.Contains($"{uuid} {name}", Ok(Zone.Run("imgadm", "avail", "-H", "-o", "uuid,name")).Replace("  ", " "));
        Zone.ImportImage(uuid);
        var listed = JsonNode.Parse(Ok(Zone.Run("imgadm", "list", "-j", $"uuid={uuid}")))!.AsArray();
        Assert.Equal(type, (string?)Assert.Single(listed)!["manifest"]!["type"]);
        Assert.Equal("zones", (string?)listed[0]!["zpool"]);
        Ok(Zone.Run("zfs", "list", $"zones/{uuid}@final"));
        Ok(Zone.Run("imgadm", "import", "-q", uuid.ToString())); // there already: no error
    }

    [Fact]
    public void An_image_that_is_not_there_is_status_3() => Fails(3, Zone.Run("imgadm", "get", Guid.NewGuid().ToString()));

    [Fact]
    public void Wrong_use_is_status_2() => Fails(2, Zone.Run("imgadm", "import"));

    [Fact]
    public void A_source_that_does_not_answer_is_an_error_and_not_an_empty_list()
    {
        string deaf = "http://10.0.2.2:1";
        Fails(1, Zone.Run("imgadm", "sources", "-a", deaf));
        Assert.DoesNotContain(deaf, Ok(Zone.Run("imgadm", "sources")));
    }
}
