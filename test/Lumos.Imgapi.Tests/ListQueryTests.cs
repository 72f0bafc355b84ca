using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Xunit;

namespace Lumos.Imgapi.Tests;

public sealed class ListQueryTests
{
    private static readonly Uuid Origin = Uuid.New(), Owner = Uuid.New();

    private static readonly ImageIndex Index = ImageIndex.Of(
    [
        Image("base", 1, m => m["tags"] = new JsonObject { ["role"] = "db", ["cores"] = 4, ["old"] = true }),
        Image("base-64", 2, m =>
        {
            m["type"] = "zone-dataset";
            m["os"] = "smartos";
            m["billing_tags"] = new JsonArray("promo", "small");
        }),
        Image("Base", 3, m => m["owner"] = Owner.ToString()),
        Image("off", 4, m => m["disabled"] = true),
        Image("new", 5, isActive: false),
        Image("child", 6, m => m["origin"] = Origin.ToString()),
        Image("secret", 7, m => m["public"] = false),
    ]);

    [Theory]
    [InlineData("", "base base-64 Base child secret")]
    [InlineData("name=base", "base")]
    [InlineData("name=~base", "base base-64")]
    [InlineData("name=~", "base base-64 Base child secret")]
    [InlineData("version=1.1", "base")]
    [InlineData("version=~.2", "base-64")]
    [InlineData("type=zone-dataset", "base-64")]
    [InlineData("type=!zone-dataset", "base Base child secret")]
    [InlineData("os=smartos", "base-64")]
    [InlineData("os=smartos&name=base", "")]
    [InlineData("public=false", "secret")]
    [InlineData("public=true&type=lx-dataset", "base Base child")]
    [InlineData("state=disabled", "off")]
    [InlineData("state=unactivated", "new")]
    [InlineData("state=all", "base base-64 Base off new child secret")]
    [InlineData("tag.role=db", "base")]
    [InlineData("tag.cores=4&tag.old=true", "base")]
    [InlineData("tag.role=db&tag.cores=5", "")]
    [InlineData("tag.none=", "")]
    [InlineData("billing_tag=promo", "base-64")]
    [InlineData("billing_tag=promo&billing_tag=small", "base-64")]
    [InlineData("billing_tag=promo&billing_tag=large", "")]
    [InlineData("limit=2", "base base-64")]
    [InlineData("origin=ORIGIN", "child")]
    [InlineData("owner=OWNER", "Base")]
    [InlineData("marker=off", "child secret")]
    [InlineData("marker=base-64&limit=2", "base-64 Base")]
    [InlineData("uuid=Base&inclAdminFields=true", "Base")]
    public void Filters(string query, string expected)
    {
        query = query.Replace("ORIGIN", Origin.ToString()).Replace("OWNER", Owner.ToString());
        var terms = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split('=', 2))
            .Select(t => KeyValuePair.Create(t[0], t[0] is "marker" or "uuid" ? Index.All.First(i => i.Name == t[1]).Uuid.ToString() : t[1]));
        Assert.Equal(expected, string.Join(' ', Index.List(ListQuery.Parse(terms), new Viewer(true, null), null).Select(i => i.Name)));
    }

    [Theory]
    [InlineData("colour", "red")]
    [InlineData("limit", "0")]
    [InlineData("limit", "many")]
    [InlineData("state", "tired")]
    [InlineData("public", "perhaps")]
    [InlineData("marker", "1")]
    [InlineData("account", "me")]
    public void What_cannot_be_asked_is_refused(string key, string value)
    {
        var fault = Assert.Throws<ImgapiException>(() => ListQuery.Parse([KeyValuePair.Create(key, value)]));
        Assert.Equal(("InvalidParameter", 422), (fault.Code, fault.Status));
        Assert.Contains(key, fault.Message);
    }

    [Fact]
    public void A_marker_that_is_not_there_is_said() =>
        Assert.Equal(404, Assert.Throws<ImgapiException>(() => Index.List(ListQuery.Parse([KeyValuePair.Create("marker", $"{Uuid.New()}")]), new Viewer(true, null), null)).Status);

    private static StoredImage Image(string name, int day, Action<JsonObject>? more = null, bool isActive = true)
    {
        var image = ImageChanges.Make(RunningServer.Manifest(name, m =>
        {
            m["version"] = $"1.{day}";
            more?.Invoke(m);
        }), Uuid.New(), false, null, null, $"2026-01-0{day}T00:00:00.000Z");
        var file = new StoredFile(new string('a', 64), new string('b', 40), "", 1);
        return isActive
            ? ImageChanges.Activate(ImageChanges.WithFile(image, file, "none", null), u => ImageChanges.SetDisabled(Image("origin", 1), false), $"2026-01-0{day}T00:00:00.000Z")
            : image;
    }
}
