using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Drivers.Tools;

namespace Lumos.Images.Create;

/// <summary>
/// VMs by way of the command vmadm, as whoever makes an image by hand has them: with its locks, checks and logs. Images know nothing of
/// how VMs are kept, and VMs are made of images, not the other way round.
/// </summary>
internal sealed class VmadmVms : IVms
{
    public ProtoVm Get(Uuid uuid)
    {
        var result = Tool.Run("vmadm", "get", uuid.ToString());
        if (!result.Succeeded)
        {
            throw new LumosException("VmNotFound", $"VM {uuid} cannot be looked at: {Complaint(result)}");
        }
        try
        {
            return ProtoVm.From((JsonObject)JsonNode.Parse(result.Output)!);
        }
        catch (Exception e) when (e is JsonException or InvalidCastException or ArgumentNullException)
        {
            throw new LumosException("VmNotFound", $"what \"vmadm get {uuid}\" prints is no VM", inner: e);
        }
    }

    public void Start(Uuid uuid) => Run("start", uuid.ToString());

    public void Stop(Uuid uuid, bool force) => Run(force ? ["stop", uuid.ToString(), "-F"] : ["stop", uuid.ToString()]);

    public void Update(Uuid uuid, JsonObject payload)
    {
        string[] words = ["update", uuid.ToString()];
        Check(words, Tool.Run(["vmadm", .. words], payload.ToJsonString()));
    }

    public void CreateSnapshot(Uuid uuid, string name) => Run("create-snapshot", uuid.ToString(), name);

    public void RollbackSnapshot(Uuid uuid, string name) => Run("rollback-snapshot", uuid.ToString(), name);

    public void DeleteSnapshot(Uuid uuid, string name) => Run("delete-snapshot", uuid.ToString(), name);

    private static void Run(params string[] words) => Check(words, Tool.Run(["vmadm", .. words]));

    private static void Check(string[] words, ToolResult result)
    {
        if (!result.Succeeded)
        {
            throw new LumosException("VmadmFailed", $"\"vmadm {string.Join(' ', words)}\" failed: {Complaint(result)}");
        }
    }

    private static string Complaint(ToolResult result) =>
        result.ErrorOutput.Trim() is { Length: > 0 } said ? said : $"it ended with status {result.Status}";
}
