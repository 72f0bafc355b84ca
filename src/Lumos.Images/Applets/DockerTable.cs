using System.Text.Json.Nodes;
using Lumos.Images.Model;
using Lumos.Images.Oci;

namespace Lumos.Images.Applets;

/// <summary>imgadm list --docker: as "docker images" has it, a row for each tag of the images that no other image is based on or that have a name.</summary>
internal static class DockerTable
{
    private const string Fields = "UUID,REPOSITORY,TAG,IMAGE_ID,CREATED";

    public static void Print(ImgadmCommand command, IReadOnlyList<ImageInfo> images, bool json, bool header, IReadOnlyList<string> filters)
    {
        var filter = ImageFilter.Parse(filters);
        var origins = images.Select(image => JsonPath.Text(image.Manifest["origin"])).OfType<string>().ToHashSet();
        var chosen = images
            .Where(image => JsonPath.Text(image.Manifest["type"]) == DockerManifest.Type && filter.Passes(image.Field)
                && (HasName(image) || !origins.Contains(JsonPath.Text(image.Manifest["uuid"])!)))
            .OrderBy(image => JsonPath.Text(image.Manifest["published_at"]), StringComparer.Ordinal).ToList();
        if (json)
        {
            command.Context.Out.WriteLine(JsonPath.Pretty(new JsonArray([.. chosen.Select(image => (JsonNode)image.ToJson())])));
            return;
        }
        ImageTable.Write(command.Context.Out, chosen.SelectMany(Rows), Fields, header);
    }

    private static IEnumerable<JsonObject> Rows(ImageInfo image) =>
        DockerManifest.TagsOf(image.Manifest["tags"]).Order(StringComparer.Ordinal).DefaultIfEmpty(null!).Select(tag => new JsonObject
        {
            ["UUID"] = image.Field("uuid")?.DeepClone(),
            ["REPOSITORY"] = image.Field("docker_repo")?.DeepClone(),
            ["TAG"] = tag,
            ["IMAGE_ID"] = image.Field("docker_short_id")?.DeepClone(),
            ["CREATED"] = image.Field("published_date")?.DeepClone(),
        });

    private static bool HasName(ImageInfo image) => DockerManifest.TagsOf(image.Manifest["tags"]).Any();
}
