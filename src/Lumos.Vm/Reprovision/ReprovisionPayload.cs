using System.Text.Json.Nodes;
using Lumos.Vm.Payload;
using Lumos.Vm.Properties;

namespace Lumos.Vm.Reprovision;

/// <summary>The payload of reprovision: the image's uuid, and nothing else.</summary>
internal static class ReprovisionPayload
{
    private const string Image = "image_uuid";

    /// <summary>"" with a fault in the report when it names none.</summary>
    public static string ImageOf(JsonObject payload, PayloadReport report)
    {
        foreach (var (name, _) in payload.Where(p => p.Key != Image))
        {
            report.AddBadProperty(name, PropertyTable.Find(name) is null
                ? "is not a property vmadm knows" : "is not taken by reprovision, which keeps the configuration (vmadm update changes it)");
        }
        if (PropertyValue.IsUnset(payload[Image]))
        {
            report.AddFault("payload is missing image_uuid: it names the image that the new root is cloned from (\"imgadm list\" shows them)");
            return "";
        }
        if (!PropertyValue.TryNormalise(PropertyTable.Find(Image)!, payload[Image]!, out var image, out string reason))
        {
            report.AddBadValue(Image, reason);
            return "";
        }
        return JsonText.Plain(image);
    }
}
